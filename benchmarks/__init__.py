"""Weiyu beside plain Django and plain DRF, on the same server and database: `make bench`."""
