"""Where an account's portfolio lies in the cache, and how it is written there.

Three keys, `portfolio:{tenant/mode/account}:positions`, `:balance` and `:metrics`. The braces are part of the key: they
keep the three at one place of a cluster, so that they change as a whole. Tenant and mode are in it, so that no tenant
reads another's and pretended money is never added to real. Each value says which event of the store it stands after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from tradewind.core.domain.account_view import FOLD, AccountView, Balance, Mark, Totals
from tradewind.core.domain.cache_keys import VALUE_BYTES_MAX
from tradewind.core.domain.events.envelope import Event, Mode
from tradewind.core.domain.holdings import Holding

PREFIX = "portfolio:{"
PATTERN = f"{PREFIX}*"
EMPTY = AccountView()
MODES: tuple[Mode, ...] = ("paper", "live")
"""A backtest's account is in its report, not here."""
NAME_CHARACTERS_MAX = 200
"""Of a tenant or account as it is written in a key: two of them and the rest stay below a key's limit."""


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
        start = f"{PREFIX}{_in_key(self.tenant)}/{self.mode}/{_in_key(self.name)}}}:"
        return start + "positions", start + "balance", start + "metrics"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all three values say: after which event, and by which rules (`account_view.FOLD`)."""

    position: int
    fold: int


class _Positions(_Part, frozen=True, forbid_unknown_fields=True):
    positions: dict[str, Holding]
    marks: dict[str, Mark]


class _Balances(_Part, frozen=True, forbid_unknown_fields=True):
    balance: dict[str, Balance]
    marks: dict[str, Mark]


class _Totals(_Part, frozen=True, forbid_unknown_fields=True):
    metrics: Totals
    recent: str


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
    parts = (
        _Positions(at, FOLD, view.positions, view.position_marks),
        _Balances(at, FOLD, view.balances, view.balance_marks),
        _Totals(at, FOLD, view.totals, view.recent),
    )
    return {key: _encode(part) for key, part in zip(account.keys, parts, strict=True)}


def kept_form(account: Account, portfolio: Portfolio) -> Mapping[str, bytes | None]:
    """What stands at the three keys: `written`, or nothing where one of the values is too large for a cache."""
    values = written(account, portfolio)
    if any(len(value) > VALUE_BYTES_MAX for value in values.values()):
        return dict.fromkeys(account.keys)
    return values


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
    if {part.fold for part in (positions, balances, totals)} != {FOLD}:
        return None
    view = AccountView(
        positions=positions.positions,
        balances=balances.balance,
        totals=totals.metrics,
        position_marks=positions.marks,
        balance_marks=balances.marks,
        recent=totals.recent,
    )
    return Portfolio(view, positions.position)


def account_of(key: str) -> Account | None:
    """Whose portfolio lies at a key; None where that is nobody's, or the name is written as a digest."""
    words = key.removeprefix(PREFIX).partition("}")[0].split("/")
    if len(words) != 3:
        return None
    for mode in MODES:
        account = Account(unquote(words[0]), mode, unquote(words[2]))
        if key in account.keys:
            return account
    return None


def _in_key(name: str) -> str:
    """A name as it stands in a key: percent-encoded, so that no name can end the braces, and no two are one.

    A long one is its digest, behind a sign that percent-encoding never leaves.
    """
    encoded = quote(name, safe="")
    if len(encoded) <= NAME_CHARACTERS_MAX:
        return encoded
    return "=" + blake2b(name.encode(), digest_size=32).hexdigest()
