"""Which column is which: the names that exchanges, platforms and libraries give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Kind

TIME = (
    "open time", "opentime", "time open", "timestamp", "datetime", "date time", "date", "time", "unix", "unix time",
    "unix timestamp", "gmt time", "start", "start time", "ts", "t", "epoch", "bucket", "candle begin time",
    "index", "index level 0",
)  # fmt: skip
PRICES = {
    "open": ("open", "o", "open price", "first", "price open"),
    "high": ("high", "h", "high price", "max", "price high"),
    "low": ("low", "l", "low price", "min", "price low"),
    "close": ("close", "c", "close price", "last", "price close"),
}
VOLUME = ("volume", "vol", "v", "base volume", "volume base", "volume traded", "tick volume", "tickvol")
ALIASES: Mapping[Kind, Mapping[str, Sequence[str]]] = {
    Kind.CANDLES: {"time": TIME, **PRICES, "volume": VOLUME},
    Kind.FUNDING: {
        "time": ("funding time", "fundingtime", "calc time", *TIME),
        "rate": ("funding rate", "fundingrate", "last funding rate", "rate", "open"),
    },
    Kind.MARK: {"time": TIME, "price": ("mark price", "markprice", "mark", "price", "open")},
}
"""Our name to the names it goes by, the surest first."""
OPTIONAL = frozenset({"volume"})
BINANCE_KLINES = ("time", "open", "high", "low", "close", "volume")
BINANCE_KLINES_WIDTH = 12
MT4_COLUMNS = ("time", "clock", "open", "high", "low", "close", "volume")


def chosen_columns(names: Sequence[str], kind: Kind, mapped: Mapping[str, str], where: str) -> dict[str, str]:
    """Our names to the file's names; `mapped` goes before what is recognised. Raises BadInput.

    A separate column for the hour (MetaTrader's DATE and TIME) comes out as `clock`.
    """
    wanted = ALIASES[kind]
    for ours, theirs in mapped.items():
        _check_mapping(ours, theirs, names, [*wanted, "clock"], where)
    found = dict(mapped)
    plain = {name: _plain(name) for name in names if name not in mapped.values()}
    for ours, aliases in wanted.items():
        if ours not in found:
            recognised = _by_rank(ours, aliases, plain, where)
            if recognised is not None:
                found[ours] = recognised
    if "time" not in mapped and _plain(found.get("time", "")) == "date" and "clock" not in found:
        clock = next((name for name, text in plain.items() if text == "time"), None)
        if clock is not None:
            found["clock"] = clock
    missing = [ours for ours in wanted if ours not in found and ours not in OPTIONAL]
    if missing:
        raise BadInput(
            f"no column for {', '.join(missing)}; the columns are {', '.join(map(repr, names))[:200]}",
            where=where,
            fix=f"Name the columns: --map {','.join(f'{ours}=COLUMN' for ours in missing)}",
        )
    return found


def nameless_columns(width: int, first_cells: Sequence[str], where: str) -> dict[str, int]:
    """Positions in a file without a header, of the two layouts that are known by sight. Raises BadInput."""
    if width == BINANCE_KLINES_WIDTH and first_cells[0].isdigit():
        return {name: position for position, name in enumerate(BINANCE_KLINES)}
    if width == len(MT4_COLUMNS) and re.fullmatch(r"\d{4}\.\d\d\.\d\d", first_cells[0]):
        return {name: position for position, name in enumerate(MT4_COLUMNS)}
    if width == len(BINANCE_KLINES) and first_cells[0].isdigit():
        return {name: position for position, name in enumerate(BINANCE_KLINES)}
    raise BadInput(
        f"the file has no header and {width} columns of no known layout",
        where=where,
        fix="Add a header line, or name the columns by number: --map time=1,open=2,high=3,low=4,close=5,volume=6",
    )


def _check_mapping(ours: str, theirs: str, names: Sequence[str], wanted: Sequence[str], where: str) -> None:
    if ours not in wanted:
        raise BadInput(f"--map knows no column {ours!r}", where=where, fix=f"It knows {', '.join(wanted)}")
    if theirs not in names:
        near = get_close_matches(theirs, names, n=1)
        fix = f"Did you mean {near[0]!r}?" if near else f"The columns are {', '.join(map(repr, names))[:200]}"
        raise BadInput(f"--map: the file has no column {theirs!r}", where=where, fix=fix)


def _by_rank(ours: str, aliases: Sequence[str], plain: Mapping[str, str], where: str) -> str | None:
    for alias in aliases:
        fits = [name for name, text in plain.items() if text == alias]
        if len(fits) > 1:
            raise BadInput(
                f"{' and '.join(map(repr, fits))} could both be {ours}", where=where, fix=f"Say which: --map {ours}=..."
            )
        if fits:
            return fits[0]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", " ", name.strip().strip("<>\"'")).strip().lower()
