"""A page that has every part and every chart, with long names, gaps and numbers of every size."""

from __future__ import annotations

import numpy as np

from tradewind.research.reports import charts
from tradewind.research.reports.study import Pair, Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, money, percent

START = 1_600_000_000 * 10**9
HOUR = 3_600 * 10**9
LONG = "a parameter with a name that nobody would type twice"


def gallery(hours: int = 8_000) -> Study:
    """Every chart with seeded numbers."""
    rng = np.random.default_rng(1)
    time = START + np.arange(hours) * HOUR
    walks = {f"set {i}": 10_000 * np.exp(np.cumsum(rng.normal(0, 0.003, hours))) for i in range(9)}
    walks["set 3"][2_000:2_800] = np.nan
    paths = 10_000 * np.exp(np.cumsum(rng.normal(0.0005, 0.01, (300, 1_000)), 1))
    low, middle, high = np.percentile(paths[:, ::10], [5, 50, 95], axis=0)
    heat = rng.normal(0.5, 0.8, (14, 20))
    heat[3, 4], heat[0, :5] = np.nan, np.nan
    fast, slow = rng.integers(2, 50, 900).astype(float), rng.integers(50, 200, 900).astype(float)
    score = np.where(rng.random(900) < 0.1, np.nan, 1 - (fast - 20) ** 2 / 400 + rng.normal(0, 0.2, 900))
    months = [f"2021-{month:02d}-01" for month in range(1, 13)]
    sections = (
        Section(
            "Lines",
            (
                Picture(
                    charts.lines(
                        "Equity of nine sets",
                        time,
                        walks,
                        time=True,
                        up="Equity, USDT",
                        written=money,
                        levels={"start": 10_000.0},
                        at={"split": float(time[hours // 2])},
                    ),
                    "Nine sets, one with a gap.",
                ),
                Picture(charts.lines("Small numbers", [0, 1, 2], {"a": [1e-6, 3e-6, 2e-6]}, across="Step")),
                Picture(charts.lines("A week", time[:168], {"a": walks["set 1"][:168]}, time=True)),
            ),
        ),
        Section(
            "Bands",
            (
                Pair(
                    (
                        Picture(
                            charts.bands(
                                "Bands",
                                np.arange(100) * 10,
                                low,
                                middle,
                                high,
                                own=paths[3, ::10],
                                across="Trades",
                                up="Equity",
                                levels={"ruin": 7_000},
                            )
                        ),
                        Picture(
                            charts.histogram(
                                "Returns",
                                paths[:, -1] / 10_000 - 1,
                                split=0.0,
                                written=percent,
                                across="Return",
                                marks={"5 %": -0.2, "median": 0.4, "this run": 0.45, "95 %": 1.9},
                                up="Paths",
                            )
                        ),
                    )
                ),
            ),
        ),
        Section(
            "Areas",
            (
                Picture(
                    charts.areas(
                        "Allocation",
                        time,
                        {"BTC": np.full(hours, 0.3), "ETH": np.linspace(0.1, 0.6, hours)},
                        time=True,
                        written=percent,
                    )
                ),
            ),
        ),
        Section(
            "Bars",
            (
                Picture(
                    charts.bars(
                        "Windows",
                        months,
                        {"in sample": rng.normal(1, 0.5, 12), "out": [*[0.3] * 11, np.nan]},
                        across="Window",
                        up="Sharpe ratio",
                    )
                ),
                Pair(
                    (
                        Picture(charts.bars("Regimes", ["bull", "bear", LONG], {"": [0.3, -0.2, np.nan]}, signed=True)),
                        Table("Sets", ["Set", "p", "q", "Why"], [["1", "10", ABSENT, LONG]], (3,), "Best", LONG),
                    )
                ),
            ),
        ),
        Section(
            "Maps",
            (
                Picture(
                    charts.heatmap(
                        "Sharpe ratio", range(5, 45, 2), range(20, 160, 10), heat, mark=(7, 3), across="fast", up="slow"
                    ),
                    "Sharpe ratio by fast and slow.",
                ),
                Pair(
                    (
                        Picture(
                            charts.heatmap("Pairs", ["SmaCross BTC", "Rsi ETH"], ["SmaCross BTC", "Rsi ETH"], np.eye(2))
                        ),
                        Picture(
                            charts.scatter(
                                "In and out",
                                fast / 10,
                                slow / 100,
                                diagonal=True,
                                chosen=fast > 47,
                                across="In sample",
                                up="Out of sample",
                            )
                        ),
                    )
                ),
                Picture(charts.parallel("All sets", {"fast": fast, LONG: slow, "x": fast % 3}, score, name="Sharpe")),
                Picture(charts.lines("Nothing", [1, 2], {"a": [np.nan, np.nan]})),
            ),
        ),
        Section("Words", (Text("A paragraph.", ("one", LONG * 3)), Text("quiet", quiet=True))),
    )
    return Study(
        title=f"A gallery of charts {'x' * 80}",
        subtitle="BTC/USDT · 1h · 2020 to 2022",
        verdict="The out-of-sample account lost 3.1 % where the best in-sample sets gained 40 %.",
        good=False,
        key_figures=(
            ("Out-of-sample return", "-3.10 %", "in sample +40 %", "loss"),
            ("Efficiency", "0.08", "share of the in-sample return", ""),
            ("Deflated Sharpe ratio", "0.21", "of 500 trials", ""),
            ("Ended with", "123,456,789.01 USDT", "from 10,000.00 USDT", "gain"),
        ),
        warnings=("The data has 3 gaps.", LONG * 4),
        sections=sections,
        command="tradewind optimize sma_cross --symbol BTC/USDT --space fast=2..50 --space slow=50..200 --budget 5000",
        hashes={"data BTC/USDT 1h": "ab" * 32, "code": "cd" * 32},
        created_ns=1_700_000_000 * 10**9,
        made_by="Tradewind 0.1.0",
        synthetic=True,
    )
