"""How long to wait before trying again."""

from __future__ import annotations

RETRIES_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before the second try, the third, and so on; after these it is given up."""
