"""What the check of one token costs, beside the stock ones."""
