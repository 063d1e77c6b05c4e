"""The site: settings, addresses, the edge, how it is started."""

from __future__ import annotations

VERSION = "0.1.0"
# A date, or "unreleased".
RELEASED = "2026-12-01"
