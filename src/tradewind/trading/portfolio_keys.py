"""Where an account's portfolio lies in the cache, and how it is written there.

Three keys, `portfolio:{tenant/mode/account}:positions`, `:balance` and `:metrics`. The braces are part of the key: they
keep the three at one place of a cluster, so that they change as a whole. Tenant and mode are in it, so that no tenant
reads another's and pretended money is never added to real. Each value says which event of the store it stands after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from tradewind.core.domain.account_view import AccountView, Balance, Holding, Totals
from tradewind.core.domain.events.envelope import Event, Mode

PREFIX = "portfolio:{"
PATTERN = f"{PREFIX}*"
EMPTY = AccountView()
MODES: tuple[Mode, ...] = ("paper", "live")
"""A backtest's account is in its report, not here."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a tenant, in one mode."""

    tenant: str
    mode: Mode
    name: str

    def owns(self, event: Event[Any]) -> bool:
        """Whether an event of `account_view.TYPES` is of this account."""
        return (event.tenant, event.mode, event.data.account) == (self.tenant, self.mode, self.name)

    @property
    def keys(self) -> tuple[str, str, str]:
        """Where its positions, balances and totals lie."""
        # Percent-encoded, so that no name can end the braces, and no two accounts share a key.
        start = f"{PREFIX}{quote(self.tenant, safe='')}/{self.mode}/{quote(self.name, safe='')}}}:"
        return start + "positions", start + "balance", start + "metrics"


class _Positions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    position: int
    positions: dict[str, Holding]


class _Balances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    position: int
    balance: dict[str, Balance]


class _Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    position: int
    metrics: Totals


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An account's view after the event at a position of the store; 0 is before the first one."""

    view: AccountView = EMPTY
    position: int = 0


_encode = msgspec.json.Encoder(order="deterministic").encode
_DECODERS: tuple[msgspec.json.Decoder[Any], ...] = tuple(
    msgspec.json.Decoder(kind) for kind in (_Positions, _Balances, _Totals)
)


def written(account: Account, portfolio: Portfolio) -> Mapping[str, bytes]:
    """The values of the three keys. Equal portfolios are equal bytes."""
    view, at = portfolio.view, portfolio.position
    parts = (_Positions(at, view.positions), _Balances(at, view.balances), _Totals(at, view.totals))
    return {key: _encode(part) for key, part in zip(account.keys, parts, strict=True)}


def read_back(values: Sequence[bytes | None]) -> Portfolio | None:
    """The portfolio of the three values; None where one is missing, damaged, or of another moment than the others."""
    try:
        positions, balances, totals = (
            decoder.decode(value or b"") for decoder, value in zip(_DECODERS, values, strict=True)
        )
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not positions.position == balances.position == totals.position >= 0:
        return None
    return Portfolio(AccountView(positions.positions, balances.balance, totals.metrics), positions.position)


def account_of(key: str) -> Account | None:
    """Whose portfolio lies at a key; None where that is nobody's."""
    words = key.removeprefix(PREFIX).partition("}")[0].split("/")
    if len(words) != 3:
        return None
    for mode in MODES:
        account = Account(unquote(words[0]), mode, unquote(words[2]))
        if key in account.keys:
            return account
    return None
