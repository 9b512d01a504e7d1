"""The page on metrics is complete, and its code runs."""

import re
from pathlib import Path

from tradewind.core.performance import METRICS

PAGE = (Path(__file__).parents[4] / "docs" / "metrics.md").read_text()


def test_the_page_lists_every_metric_once_with_its_unit() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted((name, metric.unit.value) for name, metric in METRICS.items())


def test_what_can_be_undefined_is_what_the_page_says() -> None:
    import numpy as np

    from tradewind.core.domain.records import FILL, FUNDING, TRADE
    from tradewind.core.performance import summarise

    never = {name for name, why in re.findall(r"^\| `(\w+)` \|[^|]*\|[^|]*\| ([^|]*)\|", PAGE, re.MULTILINE) if not why}
    empty = {"trades": np.zeros(0, TRADE), "fills": np.zeros(0, FILL), "funding": np.zeros(0, FUNDING)}
    bare = summarise(time=np.zeros(1, np.int64), equity=np.array([-1.0]), initial=1.0, step_ns=1, **empty)
    assert set(bare.metrics) - set(bare.undefined) == never | {"recovery_factor"}  # it has fallen, so that one exists


def test_the_pages_code_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "metrics.md", "exec"), {})
