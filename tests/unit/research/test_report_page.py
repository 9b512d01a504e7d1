import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report_examples import CASH, crosses, example, market

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.performance import METRICS, summarise
from tradewind.research.reports.page import asset, render_html, script_json
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.tables import GROUPS, TRADES_EMBEDDED_MAX, cost_rows, heat_map
from tradewind.research.reports.verdict import verdict
from tradewind.research.reports.wording import metric, paragraphs

NAUGHTY = "</script><script>alert('x')</script><!-- & \" ' {{ 7*7 }} \u2028"


@pytest.fixture(scope="module")
def report() -> ReportInput:
    return example(n=3000)


class Structure(HTMLParser):
    """Opened and closed tags, attributes, and the text of the page outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "path", "rect", "link", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("path", "rect"):
            return
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


def embedded(html: str, name: str) -> object:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_is_well_formed_and_needs_nothing_from_outside(report: ReportInput) -> None:
    html = render_html(report)
    page = Structure(html)
    assert page.open == []
    assert not {"link", "img", "iframe", "base"} & set(page.tags)
    assert not [value for name, value in page.attributes if name == "src"]
    assert "default-src 'none'" in html
    links = {value for name, value in page.attributes if name == "href"}
    assert links == {"#content", "https://www.tradingview.com/"}  # the second is the charts' attribution
    assert "url(" not in asset("report.css")
    assert "@import" not in asset("report.css")


def test_the_page_says_everything_a_reader_must_know(report: ReportInput) -> None:
    text = Structure(render_html(report)).text
    for expected in (
        *(report.strategy, report.symbols[0], "1 January 2023 to 5 May 2023", verdict(report), report.command),
        *report.quality,
        *report.warnings,
        *report.hashes.values(),
        *(item.detail for item in report.realism),
        *("Synthetic data.", "365 days a year, UTC days", "Copyright © 2026", "TradingView"),
    ):
        assert expected in text, expected


def test_the_figures_on_the_page_are_the_figures_of_the_run(report: ReportInput) -> None:
    text = Structure(render_html(report)).text
    for name, value in report.performance.metrics.items():
        assert METRICS[name].label in text
        assert metric(name, value, report.currency) in text, name


def test_a_description_is_wrapped_by_the_page_and_not_by_its_source() -> None:
    written = """Buys dips.

        One sentence over
        2 lines. Steps:
        - the first
        - the second

            kept as it is
        1. numbered
        """
    assert paragraphs(written) == (
        "Buys dips.\n\nOne sentence over 2 lines. Steps:\n- the first\n- the second\n\n    kept as it is\n1. numbered"
    )
    page = Structure(render_html(example(n=300, description="Long above\n    the average.")))
    assert "Long above the average." in page.text


def test_every_metric_stands_in_one_group() -> None:
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(METRICS)


def test_what_is_undefined_is_a_dash_with_its_reason() -> None:
    flat = example(n=400, fast=150, slow=390)
    assert len(flat.trades) == 0
    html = render_html(flat)
    text = Structure(html).text
    assert "There were no round trips." in text
    assert "no trades" in text
    assert "nan" not in text.lower().split()
    assert "inf" not in text.lower().split()


def test_names_that_are_scripts_do_nothing(report: ReportInput) -> None:
    naughty = replace(
        report,
        strategy=NAUGHTY,
        description=NAUGHTY,
        parameters={NAUGHTY: NAUGHTY},
        warnings=(NAUGHTY,),
        quality=(NAUGHTY,),
        hashes={NAUGHTY: NAUGHTY},
        command=NAUGHTY,
        bars=(replace(report.bars[0], symbol="<script>alert(1)</script>/USDT"),),
    )
    plain, html = Structure(render_html(report)), render_html(naughty)
    page = Structure(html)
    assert page.tags.count("script") == plain.tags.count("script")
    assert page.open == []
    assert NAUGHTY in page.text
    assert "<script>alert" not in html
    assert embedded(html, "markets")[0]["symbol"] == "<script>alert(1)</script>/USDT"


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "\u2028\u2029", "&amp;", '"\\'])
def test_json_in_a_script_cannot_end_it_and_reads_back_the_same(text: str) -> None:
    written = script_json({"name": text})
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == {"name": text}


def test_json_without_a_number_is_refused_rather_than_written_as_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json([float("nan")])


def test_the_same_run_gives_the_same_page(report: ReportInput) -> None:
    assert render_html(report) == render_html(example(n=3000))


def test_thirty_thousand_trades_over_three_markets_stay_below_a_megabyte() -> None:
    busy = example(n=100_000, timeframe="1m", symbols=("A/USDT", "B/USDT", "C/USDT"), fast=3, slow=8)
    assert len(busy.trades) > 30_000
    html = render_html(busy)
    assert len(html.encode()) < 1_000_000
    rows = embedded(html, "trade-rows")["rows"]
    assert len(rows) == TRADES_EMBEDDED_MAX
    assert rows[-1][0] == len(busy.trades)
    text = Structure(html).text
    assert f"{len(busy.trades) - TRADES_EMBEDDED_MAX:,} earlier ones are left out here" in text
    assert "each of the latest 1,500 trades" in text
    assert "Drawn from the highest and lowest of 100,000 bars" in text


def test_twenty_markets_with_many_trades_stay_below_a_megabyte() -> None:
    wide = example(n=3000, timeframe="1m", symbols=tuple(f"COIN{i}/USDT" for i in range(20)), fast=3, slow=8)
    html = render_html(wide)
    assert len(html.encode()) < 1_000_000
    for candles in embedded(html, "markets"):
        assert len(candles["t"]) <= 150
        drawn = (
            np.count_nonzero(wide.trades["symbol"] == wide.symbols.index(candles["symbol"])) - candles["marks_left_out"]
        )
        assert drawn == 50


def test_data_from_a_real_market_carries_no_synthetic_mark(report: ReportInput) -> None:
    text = Structure(render_html(replace(report, synthetic=False, warnings=(), quality=()))).text
    assert "Synthetic" not in text
    assert "Before you trust" not in text
    assert "No gaps or faults were found in the data." in text


def test_the_charts_data_equals_the_run(report: ReportInput) -> None:
    html = render_html(report)
    (candles,) = embedded(html, "markets")
    assert not candles["joined"]
    assert candles["t"] == (report.bars[0].time // 10**9).tolist()
    assert candles["c"] == pytest.approx(report.bars[0].close, abs=0.005)
    account = embedded(html, "account")
    at = np.searchsorted(report.time + report.step_ns, np.array(account["t"]) * 10**9)
    assert account["equity"] == pytest.approx(report.equity[at], abs=0.005)
    assert account["hold"] == pytest.approx(report.hold[at], abs=0.005)
    assert min(account["below"]) == pytest.approx(report.performance.metrics["max_drawdown"] * 100, abs=0.001)
    assert max(account["equity"]) == pytest.approx(report.equity.max(), abs=0.005)


def test_marks_stand_on_the_bars_of_entries_and_exits(report: ReportInput) -> None:
    (candles,) = embedded(render_html(report), "markets")
    entries = {time for time, kind in candles["marks"] if kind in (0, 1)}
    exits = {time for time, kind in candles["marks"] if kind in (2, 3)}
    times = report.bars[0].time // 10**9
    assert entries == set(times[report.trades["entry_bar"]].tolist())
    assert exits == set(times[report.trades["exit_bar"]].tolist())
    assert candles["marks_left_out"] == 0


def test_costs_lead_from_the_profit_before_them_to_the_net_profit(report: ReportInput) -> None:
    amounts = [float(text.replace("\u2212", "-").replace(",", "")) for _, text, _ in cost_rows(report)]
    assert amounts[0] + sum(amounts[1:4]) == pytest.approx(amounts[4], abs=0.03)
    assert amounts[4] == pytest.approx(report.performance.metrics["net_profit"], abs=0.005)


def test_the_heat_map_is_strongest_at_the_strongest_month_and_dots_partial_ones(report: ReportInput) -> None:
    from tradewind.core.performance import monthly_returns

    months = monthly_returns(report.time, report.equity, report.initial, report.step_ns)
    ((year, cells, whole),) = heat_map(months)
    assert year == 2023
    assert max(cell.heat for cell in cells) == 100
    assert [cell.partial for cell in cells[:5]] == [False, False, False, False, True]
    assert [cell.text for cell in cells[5:]] == [""] * 7
    assert whole.kind == ("gain" if report.equity[-1] > CASH else "loss")


def quiet(equity: list[float], **more: object) -> ReportInput:
    """A run over the first bars of a market with this equity, and no trades unless `more` has some."""
    bars = market("BTC/USDT", len(equity), "1d", seed=1)
    parts = {"trades": np.zeros(0, TRADE), "fills": np.zeros(0, FILL), "funding": np.zeros(0, FUNDING)} | more
    worth = np.array(equity)
    performance = summarise(time=bars.time, equity=worth, initial=CASH, step_ns=bars.step_ns, **parts)
    hold = np.full(len(equity), CASH * 1.1)
    base = example(n=400, fast=150, slow=390)
    changes = {"bars": (bars,), "time": bars.time, "equity": worth, "hold": hold, "performance": performance}
    return replace(base, timeframe="1d", row_time=None, **changes, **parts)


def test_the_verdict_of_a_run_that_never_traded() -> None:
    said = verdict(quiet([CASH] * 30)).replace("\u202f", " ")
    assert said == "The strategy never traded in 30 days; BTC/USDT gained 10.0 % in that time."


def test_the_verdict_tells_gain_fall_and_costs_without_praise() -> None:
    fills, trades = np.zeros(2, FILL), np.zeros(1, TRADE)
    fills["fee"], trades["pnl"], trades["size"], trades["entry_price"] = 7.5, 250.0, 1.0, 100.0
    said = verdict(quiet([CASH, 9_000.0, 10_250.0], fills=fills, trades=trades)).replace("\u202f", " ")
    assert said == (
        "The account gained 2.50 % in 3 days over 1 trade, where holding BTC/USDT would have gained 10.0 %; "
        "at worst it was 10.0 % below its best, and trading costs took 15.00 USDT."
    )


def test_the_verdict_of_a_loss_over_years_that_funding_paid_for() -> None:
    funding = np.zeros(1, FUNDING)
    funding["paid"] = -3.0
    said = verdict(quiet([CASH] * 800 + [9_000.0], fills=np.zeros(2, FILL), funding=funding)).replace("\u202f", " ")
    assert said.startswith(
        "The account lost 10.0 % in 2.2 years over 0 trades, where holding BTC/USDT would have gained"
    )
    assert said.endswith("and trading costs gave 3.00 USDT.")


def test_marks_of_several_markets_without_the_runs_rows_stand_where_their_times_say() -> None:
    both = example(n=900, symbols=("A/USDT", "B/USDT"))
    known = embedded(render_html(both), "markets")
    guessed = embedded(render_html(replace(both, row_time=None)), "markets")
    assert [market["marks"] for market in known] == [market["marks"] for market in guessed]


def test_an_asset_that_could_end_its_element_is_not_inlined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "bad.js").write_text("'</SCRIPT>'")
    monkeypatch.setattr("tradewind.research.reports.page.resources.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"bad\.js cannot be inlined"):
        asset("bad.js")


def test_a_run_of_one_bar_can_be_reported() -> None:
    html = render_html(quiet([CASH]))
    assert Structure(html).open == []
    assert embedded(html, "account")["equity"] == [CASH]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bars": ()}, "a symbol has no bars"),
        ({"time": np.zeros(0, np.int64)}, "the run has no equity"),
        ({"equity": np.zeros(3)}, "3 values of equity for 3000 bars"),
        ({"hold": np.zeros(2)}, "2 values of hold for 3000 bars"),
        ({"trades": np.zeros(1, FILL)}, "trades are not records of"),
        ({"fills": np.zeros(1, np.int32)}, "fills are not records of"),
    ],
)
def test_a_run_that_does_not_fit_together_is_refused(report: ReportInput, change: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        replace(report, **change)


def test_a_trade_of_a_symbol_without_bars_is_refused(report: ReportInput) -> None:
    trades = report.trades.copy()
    trades["symbol"][3] = 1
    with pytest.raises(BadInput, match="trades name a symbol without bars"):
        replace(report, trades=trades)


def test_the_example_market_crosses_often_enough_to_be_an_example() -> None:
    assert len(crosses(market("BTC/USDT", 3000, "1h", 11), 20, 80)) > 20
