"""A finished run in words, as operations say them."""

from __future__ import annotations

from tradewind.research.run_words import currency_of, engine_text, warnings_of

__all__ = ["currency_of", "engine_text", "warnings_of"]
