"""The pages of the workstation, by noun."""

from __future__ import annotations
