"""smartmoneyconcepts: five of its detectors over the bars, the swings found once and handed to those that need them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from market import load
from smartmoneyconcepts import smc
from stopwatch import answer, measure


def detect(frame: pd.DataFrame, length: int) -> dict[str, Any]:
    swings = smc.swing_highs_lows(frame, swing_length=length)
    return {
        "swings": swings,
        "structure": smc.bos_choch(frame, swings),
        "blocks": smc.ob(frame, swings),
        "gaps": smc.fvg(frame),
        "pools": smc.liquidity(frame, swings),
    }


def main(folder: str, bars: int, repeats: int, length: int, results: str) -> None:
    m = load(folder, bars)
    frame = pd.DataFrame({name: m[name] for name in ("open", "high", "low", "close", "volume")})
    detect(frame.iloc[:2_000].reset_index(drop=True), length)
    wall, processor, found = measure(repeats, lambda: detect(frame, length))
    kinds = found["structure"]["BOS"].fillna(0) + 2 * found["structure"]["CHOCH"].fillna(0)
    np.savez(
        results,
        swings=found["swings"]["HighLow"].fillna(0).to_numpy(),
        structure=kinds.to_numpy(),
        blocks=found["blocks"]["OB"].fillna(0).to_numpy(),
        gaps=found["gaps"]["FVG"].fillna(0).to_numpy(),
        pools=found["pools"]["Liquidity"].fillna(0).to_numpy(),
    )
    answer(wall=wall, processor=processor)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
