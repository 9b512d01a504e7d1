"""The loop over the bars, written for one strategy: its feeds, its indicators, its hooks.

The text is generated, because a loop that asked at every bar what there is to do would be several times slower. It
holds no rule of the market. The interpreter runs it as it is, and the compiler compiles the same text.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradewind.core.engine.plan import FeedPlan, Plan, Update

SIGNATURE = (
    "def drive(s, time, open_, high, low, close, volume, symbol, f_time, f_rate, f_price, {columns}"
    "fills, decisions, fundings, room, row, stop):"
)


def driver_text(plan: Plan, at_stop: str = "pass", in_rows: bool = False) -> str:
    """Source of `drive`: it runs bars `row` to `stop`, or until the journal is full, and returns where it stopped.

    `at_stop` is a statement for when it has reached `stop`; with `in_rows` the bar of the only symbol is a `BarInRows`.
    """
    body = _single(plan, GO_TO_BAR if in_rows else read_bar()) if plan.symbols == 1 else _several(plan)
    columns = "".join(f"given_{name}, " for name in plan.columns)
    end = [] if at_stop == "pass" else ["    if row == stop:", f"        {at_stop}"]
    lines = [SIGNATURE.format(columns=columns), *_rows_are_there(plan), "    x = s.exchange", *body, *end]
    lines += ["    return row", ""]
    return "\n".join(lines)


def _rows_are_there(plan: Plan) -> list[str]:
    columns = ["open_", "high", "low", "close", "volume", *(f"given_{name}" for name in plan.columns)]
    if plan.symbols > 1:
        columns.append("symbol")
    return every_row_is_there(columns, "row < 0", "stop > len(time)")


def every_row_is_there(columns: Sequence[str], *outside: str) -> list[str]:
    """Look once whether every column has all rows: the compiler then leaves out the question at each of them."""
    unequal = [f"len({column}) != len(time)" for column in columns]
    return [f"    if {' or '.join([*outside, *unequal])}:", "        raise IndexError"]


def _single(plan: Plan, read: list[str]) -> list[str]:
    return [
        "    bar = x.bars[0]",
        *_bindings(plan),
        "    while row < stop:",
        *_indent(2, ["previous = bar.close"] if plan.tracks_range else []),
        *_indent(2, read),
        *_indent(2, _market(plan, "0", "x.busy or lowest <= x.watch_low or highest >= x.watch_high")),
        *_indent(2, _grow(plan, None)),
        *_indent(2, _notices(plan)),
        *_indent(2, _timer(plan)),
        *_indent(2, ["on_bar(bar)"] if "on_bar" in plan.hooks else []),
        "        row += 1",
        "        if x.pending and drain(x, row - 1, fills, decisions, room):",
        "            break",
    ]


GO_TO_BAR = ["bar.go_to(row)", "highest = bar.high", "lowest = bar.low"]


def _several(plan: Plan) -> list[str]:
    """What the symbols' bars do at one moment is simultaneous: all of them open, then all run their course."""
    return [
        *_bindings(plan),
        "    while row < stop:",
        "        closes = time[row] + x.step",
        # A feed whose symbol has no bar now did not close now.
        *_indent(2, [f"s.{feed.path}.closed = False" for feed in plan.feeds]),
        "        last = row",
        "        while last < stop and time[last] + x.step == closes:",
        "            which = symbol[last]",
        "            bar = x.bars[which]",
        *_indent(3, ["x.instruments[which].close_before = bar.close"] if plan.tracks_range else []),
        *_indent(3, read_bar("last")),
        "            last += 1",
        "        x.symbol_now = symbol[row]",
        *_indent(2, _settled_for_all(plan, "time[row]")),
        "        if x.busy:",
        "            for i in range(row, last):",
        "                x.open_bar(x.bars[symbol[i]])",
        "            x.open_orders()",
        *_indent(2, _settled_for_all(plan, "closes - 1")),
        "        if x.busy:",
        "            for i in range(row, last):",
        "                x.matching = True",
        "                x.inside_phase(x.bars[symbol[i]])",
        "        x.matching = False",
        *_indent(2, _grow_all(plan)),
        "        if x.fill_count > 0:",
        *_indent(3, _tell_of_fills() if "on_fill" in plan.hooks else []),
        "            drain_moment(x, row, last, symbol, fills, decisions, room)",
        *_indent(2, _updates(plan, ["update = x.updates[told]", *_take_in_hand("update")])),
        "        x.symbol_now = symbol[row]",
        *_indent(2, _timer(plan)),
        *_indent(2, _decide_for_all() if "on_bar" in plan.hooks else []),
        "        row = last",
        "        if drain(x, row - 1, fills, decisions, room):",
        "            break",
    ]


def _settled_for_all(plan: Plan, until: str) -> list[str]:
    """Funding of every symbol that has a bar now. Its hook must not see the close of a bar that has yet to run."""
    if not plan.funding:
        return []
    lines = ["x.matching = True", "x.open_time = time[row]", "for i in range(row, last):", "    which = symbol[i]"]
    lines += _indent(1, [f"while settle_funding(x, which, {until}, f_time, f_rate, f_price, fundings):"])
    if "on_funding" not in plan.hooks:
        return [*lines, "        pass"]
    return [*lines, *_indent(2, ["x.symbol_now = which", "on_funding(which, x.funding_rate, x.funding_last)"])]


def _grow_all(plan: Plan) -> list[str]:
    grown = [line for i in range(plan.symbols) for line in _for_symbol(plan, i)]
    ranged = ["track_range(x, bar, x.instruments[which].close_before)"] if plan.tracks_range else []
    if not grown and not ranged:
        return []
    return [
        "for i in range(row, last):",
        "    which = symbol[i]",
        "    bar = x.bars[which]",
        *_indent(1, [*ranged, *grown]),
    ]


def _tell_of_fills() -> list[str]:
    return [
        "for i in range(x.fill_count):",
        *_indent(1, ["fill = x.fills[i]", *_take_in_hand("fill"), "on_fill(fill)"]),
    ]


def _take_in_hand(what: str) -> list[str]:
    """The symbol of a fill or an update, unless it has no bar now: a margin call may close that one too."""
    return [
        "x.symbol_now = symbol[row]",
        f"if x.bars[{what}.symbol].close_time == closes:",
        f"    x.symbol_now = {what}.symbol",
    ]


def _decide_for_all() -> list[str]:
    return [
        "for i in range(row, last):",
        "    x.symbol_now = symbol[i]",
        "    on_bar(x.bars[x.symbol_now])",
    ]


def _indent(depth: int, lines: list[str]) -> list[str]:
    return ["    " * depth + line for line in lines]


def read_bar(index: str = "row") -> list[str]:
    """Give `bar` the values of a row."""
    return [
        f"bar.time = time[{index}]",
        f"bar.open = open_[{index}]",
        f"highest = high[{index}]",
        "bar.high = highest",
        f"lowest = low[{index}]",
        "bar.low = lowest",
        f"bar.close = close[{index}]",
        f"bar.volume = volume[{index}]",
    ]


def _market(plan: Plan, which: str, condition: str) -> list[str]:
    lines: list[str] = []
    notify = "on_funding" if "on_funding" in plan.hooks else "None"
    settle = f"settle_funding(x, {which}, {{until}}, f_time, f_rate, f_price, fundings)"
    if plan.funding:
        lines += _settled(settle.format(until="bar.time"), which, notify, at_open=True)
        inside = f"x.instruments[{which}].funding_next < x.instruments[{which}].funding_end and "
        inside += f"f_time[x.instruments[{which}].funding_next] < bar.close_time"
        # A payment inside the bar may move a liquidation price over the low that follows it.
        lines += [f"if {condition} or ({inside}):", "    x.open_phase(bar)"]
        lines += _indent(1, _settled(settle.format(until="bar.close_time - 1"), which, notify))
        lines += ["    x.inside_phase(bar)"]
    else:
        lines += [f"if {condition}:", "    x.open_phase(bar)", "    x.inside_phase(bar)"]
    if plan.tracks_range:
        lines.append("track_range(x, bar, previous)")
    return lines


def _settled(call: str, which: str, notify: str, at_open: bool = False) -> list[str]:
    if notify == "None":
        return [f"while {call}:", "    pass"]
    told = f"    on_funding({which}, x.funding_rate, x.funding_last)"
    if not at_open:
        return [f"while {call}:", told]
    # The hook must not see the close of a bar that is only opening.
    return [f"while {call}:", "    x.matching = True", "    x.open_time = bar.time", told, "    x.matching = False"]


def _bindings(plan: Plan) -> list[str]:
    names = [f"    {hook} = s.{hook}" for hook in sorted(plan.hooks)]
    updates = (*plan.updates, *(u for f in plan.feeds for u in f.updates))
    return names + [f"    {_bound(update)} = s.{update.path}.{update.method}" for update in updates]


def _bound(update: Update) -> str:
    return "update_" + "".join(c if c.isalnum() else "_" for c in update.path)


def _calls(updates: tuple[Update, ...], bar: str) -> list[str]:
    lines: list[str] = []
    for update in updates:
        call = call_of(update, _bound(update), bar)
        if update.after is None:
            lines.append(call)
        else:
            lines += [f"if s.{update.after}.ready:", f"    {call}"]
    return lines


def call_of(update: Update, name: str, bar: str) -> str:
    """The call of an update that is bound to `name`, for the bar of that name."""
    return f"{name}({', '.join(argument.format(bar=bar) for argument in update.arguments)})"


def _grow(plan: Plan, symbol: int | None) -> list[str]:
    """Feeds and indicators take the bar in; those of one symbol, or all of them."""
    lines = _columns(plan, symbol)
    if symbol in (None, 0):
        lines += _calls(plan.updates, "bar")
    for feed in plan.feeds:
        if symbol is None or feed.symbol == symbol:
            lines += _feed(feed)
    return lines


def _columns(plan: Plan, symbol: int | None) -> list[str]:
    """What `prepare` has made takes its value at this bar: of the only symbol, or of one of several."""
    at, row = ("", "row") if symbol is None else (f"[{symbol}]", "i")
    return [f"s.{name}{at}.update(given_{name}[{row}])" for name in plan.columns]


def _feed(feed: FeedPlan) -> list[str]:
    calls = _indent(1, _calls(feed.updates, f"s.{feed.path}") or ["pass"])
    return [
        f"if s.{feed.path}.flush(bar.time):",
        *calls,
        f"if s.{feed.path}.add(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume):",
        *calls,
    ]


def _for_symbol(plan: Plan, symbol: int) -> list[str]:
    lines = _grow(plan, symbol)
    return [f"if which == {symbol}:", *_indent(1, lines)] if lines else []


def _notices(plan: Plan) -> list[str]:
    lines: list[str] = []
    if "on_fill" in plan.hooks:
        lines += ["if x.fill_count > 0:", "    for i in range(x.fill_count):", "        on_fill(x.fills[i])"]
    return lines + _updates(plan, [])


def _updates(plan: Plan, before: list[str]) -> list[str]:
    if "on_order_update" not in plan.hooks:
        return []
    return [
        "if x.update_count > 0:",
        "    told = 0",
        "    while told < x.update_count:",
        *_indent(2, before),
        "        on_order_update(x.updates[told])",
        "        told += 1",
        "    x.update_count = 0",
    ]


def _timer(plan: Plan) -> list[str]:
    if not plan.timer:
        return []
    return [
        "if bar.close_time >= x.timer_next:",
        "    on_timer(bar.close_time)",
        "    x.timer_next += ((bar.close_time - x.timer_next) // x.timer_length + 1) * x.timer_length",
    ]
