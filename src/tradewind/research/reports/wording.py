"""How figures are written: one way for each unit, with a true minus and a thin space before the unit."""

from __future__ import annotations

import inspect
import math
import re
from datetime import UTC, datetime, timedelta

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import METRICS, Unit

THIN = "\N{NARROW NO-BREAK SPACE}"
EPONYMS = ("Sharpe", "Sortino", "Calmar", "Kelly")
"""Words of a label that begin with a capital anywhere."""
ABSENT = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WRAPPED = re.compile(r"(?<=\S)\n(?=\S)(?![-*\u2022] |\d+[.)] )")
"""A line's end inside a paragraph: what follows is neither indented nor an item of a list."""
DURATIONS = ((UNITS_NS["d"], "d"), (UNITS_NS["h"], "h"), (UNITS_NS["m"], "min"), (UNITS_NS["s"], "s"))


def paragraphs(text: str) -> str:
    """A docstring without the line ends of its source; empty lines, lists and what is indented keep theirs."""
    return WRAPPED.sub(" ", inspect.cleandoc(text)).strip()


def number(value: float | None, decimals: int) -> str:
    """Thousands separated by commas; a dash for what is not known."""
    if value is None or not math.isfinite(value):
        return ABSENT
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def money(value: float | None, currency: str = "") -> str:
    """An amount with two decimals, or four significant digits below one."""
    if value is None or not math.isfinite(value):
        return ABSENT
    decimals = 2 if value == 0.0 or abs(value) >= 1 else min(10, 3 - math.floor(math.log10(abs(value))))
    text = number(value, decimals)
    return f"{text}{THIN}{currency}" if currency else text


def percent(value: float | None) -> str:
    """A fraction as percent: two decimals below ten, one below a thousand, then none."""
    if value is None or not math.isfinite(value):
        return ABSENT
    size = round(abs(value) * 100, 2)
    return f"{number(value * 100, 2 if size < 10 else 1 if size < 1000 else 0)}{THIN}%"


def signed(text: str) -> str:
    """A plus before what is above zero: `+1.20 %`."""
    above = text[0] not in (MINUS, ABSENT) and any(c in "123456789" for c in text)
    return f"+{text}" if above else text


def duration(length_ns: float | None) -> str:
    """The two largest units: `3 d 4 h`, `12 min`."""
    if length_ns is None or not math.isfinite(length_ns):
        return ABSENT
    rest = round(abs(length_ns))
    parts: list[tuple[int, str]] = []
    for unit, name in DURATIONS:
        count, left = divmod(rest, unit)
        if count or (parts and len(parts) < 2):
            parts.append((count, name))
            rest = left
        if len(parts) == 2:
            break
    if not parts:
        return f"0{THIN}s"
    if len(parts) == 2 and parts[1][0] == 0:
        parts.pop()
    return " ".join(f"{count:,}{THIN}{name}" for count, name in parts)


def moment(time_ns: int) -> str:
    """`2024-01-31 13:05` in UTC; seconds only where there are some."""
    when = EPOCH + timedelta(microseconds=time_ns // 1000)
    return when.strftime("%Y-%m-%d %H:%M:%S" if when.second else "%Y-%m-%d %H:%M")


def day(time_ns: int) -> str:
    """`31 January 2024`."""
    when = EPOCH + timedelta(microseconds=time_ns // 1000)
    return f"{when.day} {when.strftime('%B %Y')}"


def price_decimals(price: float) -> int:
    """So many decimals that a price shows six significant digits, from two to ten."""
    if not (math.isfinite(price) and price > 0):
        return 2
    return min(10, max(2, 5 - math.floor(math.log10(price))))


def label_of(name: str) -> str:
    """What a metric is called where people read it."""
    return METRICS[name].label if name in METRICS else name


def in_a_sentence(name: str) -> str:
    """The same inside a sentence: `Sharpe ratio` keeps its capital, `Maximum drawdown` does not."""
    label = label_of(name)
    return label if label.split(" ")[0] in EPONYMS else f"{label[0].lower()}{label[1:]}"


def metric(name: str, value: float | None, currency: str) -> str:
    """A metric in its own unit; a dash when it is undefined."""
    if value is None:
        return ABSENT
    match METRICS[name].unit:
        case Unit.FRACTION:
            return percent(value)
        case Unit.QUOTE:
            return money(value, currency)
        case Unit.DAYS:
            return duration(value * UNITS_NS["d"])
        case Unit.COUNT:
            return number(value, 0)
        case Unit.YEARS:
            return f"{number(value, 2)}{THIN}years"
        case Unit.RATIO:
            return number(value, 2 if abs(value) < 1000 else 0)
