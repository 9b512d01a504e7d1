"""How the folder of a kept run is named."""

from __future__ import annotations

from pathlib import Path

from tradewind.core.domain.instants import instant_text


def run_name(now_ns: int, strategy: str, kind: str = "") -> str:
    """`20240131-130500-sma_cross`, behind it what was done if it was no backtest; `strategy` as it was asked for."""
    moment = instant_text(now_ns)[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{moment}-{plain_name(strategy)}{f'-{kind}' if kind else ''}"


def plain_name(strategy: str) -> str:
    """The strategy's part of a folder's name: `sma_cross`, or the stem of its file."""
    stem = Path(strategy.partition(":")[0]).stem if ".py" in strategy else strategy
    return "".join(c if c.isalnum() or c == "_" else "_" for c in stem)[:40] or "run"
