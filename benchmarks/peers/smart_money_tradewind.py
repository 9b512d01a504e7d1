"""Tradewind: the same five detectors, streaming, compiled; each finds its swings itself."""

from __future__ import annotations

import sys
import time

import numpy as np
from market import load
from stopwatch import answer, measure

from tradewind.core.indicators import FairValueGaps, Liquidity, MarketStructure, OrderBlocks, Swings
from tradewind.core.indicators.batch import batch

Results = dict[str, dict[str, np.ndarray]]


def detect(columns: dict[str, np.ndarray], length: int, width: float) -> Results:
    detectors = {
        "swings": Swings(length),
        "structure": MarketStructure(length),
        "blocks": OrderBlocks(length),
        "gaps": FairValueGaps(),
        "pools": Liquidity(length, width=width),
    }
    return {name: batch(detector, **columns) for name, detector in detectors.items()}


def main(folder: str, bars: int, repeats: int, length: int, results: str) -> None:
    columns = load(folder, bars)
    width = float(columns["high"].max() - columns["low"].min()) * 0.01
    before = time.perf_counter()
    detect({name: column[:2_000] for name, column in columns.items()}, length, width)
    compiling = time.perf_counter() - before
    wall, processor, found = measure(repeats, lambda: detect(columns, length, width))
    np.savez(results, **{name: labels_on_rows(name, outputs) for name, outputs in found.items()})
    answer(wall=wall, processor=processor, compiling=compiling)


def labels_on_rows(name: str, outputs: dict[str, np.ndarray]) -> np.ndarray:
    """Labels put back on the rows they are about: of a swing or a structure label that was overtaken, the last word."""
    placed = np.zeros(len(outputs["value"]))
    told = np.flatnonzero(np.nan_to_num(outputs["value"])).tolist()
    standing: list[tuple[int, int]] = []
    for row in told:
        at = row - int(outputs["bars_back"][row])
        if name == "swings" and outputs["replaces"][row] == 1.0:
            placed[standing.pop()[0]] = 0.0
        if name == "structure":
            broken = row - int(outputs["broken_back"][row])
            while standing and standing[-1][1] >= broken:
                placed[standing.pop()[0]] = 0.0
            standing.append((at, broken))
        else:
            standing.append((at, row))
        placed[at] = outputs["value"][row]
    return placed


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
