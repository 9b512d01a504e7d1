"""What can go wrong, named by what the catcher should do.

    TradewindError
    ├── Refused        tell: the request cannot be done as asked; nothing has changed
    │   ├── BadInput         a file, an argument or a setting is wrong
    │   └── StrategyFailed   the user's strategy broke, or broke the rules
    ├── Unavailable    retry: something outside did not answer
    ├── Disputed       reconcile: two sources of truth disagree
    └── Corrupt        stop: stored data is not what was written

A message says what was expected, what was found, where, and what to do about it.
"""

from __future__ import annotations


class TradewindError(Exception):
    """Everything Tradewind raises on purpose. `where` is a place the user knows; `fix` is what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        text = self.message if self.where is None else f"{self.where}: {self.message}"
        return text if self.fix is None else f"{text}. {self.fix}"


class Refused(TradewindError):
    """The request cannot be done as asked; nothing has changed."""

    exit_code = 3


class BadInput(Refused):
    """A file, an argument or a setting is wrong."""

    exit_code = 3


class StrategyFailed(Refused):
    """The user's strategy broke, or broke the rules of the market."""

    exit_code = 4


class Unavailable(TradewindError):
    """Something outside did not answer; trying again may help."""

    exit_code = 5


class Disputed(TradewindError):
    """Two sources of truth disagree; neither may be overwritten."""

    exit_code = 6


class Corrupt(TradewindError):
    """Stored data is not what was written; stop before it spreads."""

    exit_code = 7
