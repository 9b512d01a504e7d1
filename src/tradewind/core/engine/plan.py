"""What a strategy turned out to be after `setup`: its feeds, its indicators and what each is fed, its hooks."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from tradewind.core.domain.errors import StrategyFailed
from tradewind.core.indicators.indicator import BAR_FIELDS, BY_HAND, DERIVED_FIELDS, Indicator
from tradewind.core.strategy.feed import Feed
from tradewind.core.strategy.strategy import Strategy

FIELDS = (*BAR_FIELDS, *DERIVED_FIELDS)
HOOKS = ("on_bar", "on_fill", "on_order_update", "on_funding", "on_timer")
BOOK_HOOKS = ("on_trade", "on_quote", "on_book")


@dataclass(frozen=True)
class Update:
    """One indicator's update: its path, the arguments as source text (`{bar}` is the bar), and what must be ready."""

    path: str
    arguments: tuple[str, ...]
    after: str | None
    method: str = "update"


@dataclass(frozen=True)
class FeedPlan:
    """A feed, and the indicators that follow it."""

    path: str
    symbol: int
    updates: tuple[Update, ...]


@dataclass(frozen=True)
class Plan:
    """Everything the driver's text depends on."""

    symbols: int
    updates: tuple[Update, ...]
    feeds: tuple[FeedPlan, ...]
    hooks: frozenset[str]
    timer: bool
    funding: bool
    tracks_range: bool
    columns: tuple[str, ...] = ()
    """The attributes that are columns of `prepare`, in the order in which their values are handed to the driver."""


def plan_of(
    strategy: Strategy,
    symbols: int,
    timer: bool,
    funding: bool,
    tracks_range: bool,
    columns: tuple[str, ...] = (),
    heard: tuple[str, ...] = (),
) -> Plan:
    """Look at a strategy after `setup`. Raises StrategyFailed where an indicator cannot be fed.

    `heard` are hooks of the market between the bars that the caller itself calls, as a session does.
    """
    owner = type(strategy).__name__
    adopt_sources(strategy)
    feeds: dict[int, tuple[str, Feed]] = {}
    indicators: dict[int, tuple[str, Indicator]] = {}
    for path, thing in attributes(strategy):
        if isinstance(thing, Feed):
            feeds[id(thing)] = (path, thing)
        elif isinstance(thing, Indicator):
            indicators[id(thing)] = (path, thing)
    all_are_fed(strategy, feeds.keys() | indicators.keys())
    followers: dict[int, list[Update]] = {key: [] for key in feeds}
    base: list[Update] = []
    for _, indicator in in_order_of_need(indicators, owner):
        if indicator.source == BY_HAND:
            continue
        feed = feed_of(indicator)
        if feed is not None and id(feed) not in feeds:
            raise StrategyFailed(
                "an indicator follows a feed that is not an attribute of the strategy",
                where=owner,
                fix="Keep it: self.hourly = self.feed(timeframe='1h')",
            )
        update = Update(indicators[id(indicator)][0], *arguments_of(indicator, indicators, owner))
        (base if feed is None else followers[id(feed)]).append(update)
    hooks = frozenset(h for h in HOOKS if getattr(type(strategy), h) is not getattr(Strategy, h))
    between = {h for h in BOOK_HOOKS if getattr(type(strategy), h) is not getattr(Strategy, h)}
    for hook in BOOK_HOOKS:
        if hook in between and hook not in heard:
            raise StrategyFailed(
                f"its {hook} would never be called: a backtest on candles has no trades, quotes or books",
                where=owner,
                fix="Decide in on_bar, or replay a recording: tradewind order-book backtest",
            )
    if not (hooks | between) & {"on_bar", "on_timer", "on_funding", *heard}:
        raise StrategyFailed(
            "it has no on_bar hook, so it can never trade", where=owner, fix="Write def on_bar(self, bar)"
        )
    return Plan(
        symbols,
        tuple(base),
        tuple(FeedPlan(path, feed.symbol, tuple(followers[key])) for key, (path, feed) in feeds.items()),
        hooks,
        timer and "on_timer" in hooks,
        funding,
        tracks_range,
        columns,
    )


def attributes(strategy: Strategy) -> list[tuple[str, Any]]:
    """Each attribute of a strategy, lists item by item, with its path as source text."""
    found: list[tuple[str, Any]] = []
    for name, value in vars(strategy).items():
        if isinstance(value, list | tuple):
            found.extend((f"{name}[{i}]", item) for i, item in enumerate(value))
        else:
            found.append((name, value))
    return found


def all_are_fed(strategy: Strategy, known: set[int]) -> None:
    """Raise StrategyFailed for an indicator or feed that is kept where nothing would feed it: it stays unready."""
    for name, value in vars(strategy).items():
        waiting = [value]
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, dict):
                waiting.extend(thing.values())
            elif isinstance(thing, list | tuple) and thing and not isinstance(thing[0], bool | int | float):
                waiting.extend(thing)
            elif id(thing) not in known and (
                isinstance(thing, Feed) or (isinstance(thing, Indicator) and thing.source != BY_HAND)
            ):
                raise StrategyFailed(
                    f"self.{name} keeps a {type(thing).__name__} where nothing feeds it",
                    where=type(strategy).__name__,
                    fix="Keep it as an attribute or in a plain list, or make it .by_hand() and update it yourself",
                )


def adopt_sources(strategy: Strategy) -> None:
    """Give indicators that only another one names (`EMA(9).of(RSI(14))`) an attribute of their own."""
    known = {id(thing) for _, thing in attributes(strategy)}
    waiting = [thing for _, thing in attributes(strategy) if isinstance(thing, Indicator)]
    while waiting:
        source = waiting.pop().source
        if source is not None and isinstance(source[0], Indicator) and id(source[0]) not in known:
            known.add(id(source[0]))
            setattr(strategy, f"source_{len(known)}", source[0])
            waiting.append(source[0])


def in_order_of_need(indicators: dict[int, tuple[str, Indicator]], owner: str) -> list[tuple[str, Indicator]]:
    """Indicators with every source before those it feeds."""
    placed: dict[int, tuple[str, Indicator]] = {}

    def place(key: int, depth: int) -> None:
        if key in placed:
            return
        if depth > len(indicators):
            raise StrategyFailed("indicators feed each other in a circle", where=owner)
        source = indicators[key][1].source
        if source is not None and isinstance(source[0], Indicator):
            place(id(source[0]), depth + 1)
        placed[key] = indicators[key]

    for key in indicators:
        place(key, 0)
    return list(placed.values())


def feed_of(indicator: Indicator) -> Feed | None:
    """The feed an indicator follows: its own, or its source's."""
    while indicator.feed is None and indicator.source is not None and isinstance(indicator.source[0], Indicator):
        indicator = indicator.source[0]
    feed: Feed | None = indicator.feed
    return feed


def arguments_of(
    indicator: Indicator, indicators: dict[int, tuple[str, Indicator]], owner: str
) -> tuple[tuple[str, ...], str | None]:
    """The arguments of the indicator's `update` as source text, and the path of the indicator they wait for."""
    where = f"{owner}.{indicators[id(indicator)][0]}"
    texts: list[str] = []
    after: str | None = None
    free = 0
    for name in list(inspect.signature(type(indicator).update).parameters)[1:]:  # type: ignore[attr-defined]
        if name in FIELDS:
            texts.append(f"{{bar}}.{name}")
            continue
        free += 1
        source = indicator.source or ("close", "value")
        if isinstance(source[0], Indicator):
            if not hasattr(source[0], source[1]):
                raise StrategyFailed(f"{type(source[0]).__name__} has no output {source[1]!r}", where=where)
            after = indicators[id(source[0])][0]
            texts.append(f"s.{after}.{source[1]}")
        elif source[0] in FIELDS:
            texts.append(f"{{bar}}.{source[0]}")
        else:
            raise StrategyFailed(f"a bar has no field {source[0]!r}", where=where, fix=f"It has: {', '.join(FIELDS)}")
    if free > 1:
        raise StrategyFailed(
            "its update takes several values that are not fields of a bar",
            where=where,
            fix=f"Name its parameters after fields ({', '.join(BAR_FIELDS)}), or use .by_hand()",
        )
    return tuple(texts), after
