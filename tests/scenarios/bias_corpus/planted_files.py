"""Look-ahead that comes out of files: tables that are read while it runs, a module that holds prices."""

from __future__ import annotations

import importlib.util
from functools import lru_cache

import numpy as np
import pandas as pd
from bias_corpus.market import ONE
from bias_corpus.planted_elsewhere import LABELS, ReadsLabelsInAColumn, Trader, at


def reading_a_file(folder):
    """A file of closes, opened in `setup`."""
    path = folder / "closes.npy"
    np.save(path, ONE.close)

    class FromFile(Trader):
        def setup(self):
            self.bars_seen = -1
            self.closes = np.load(path)

        def wants(self, bar):
            return at(self.closes, self.bars_seen + 1) - bar.close

    return FromFile


def reading_at_each_bar(folder):
    """A file that a cached function reads when it is first asked: nothing is kept where it could be seen."""
    path = folder / "closes.csv"
    pd.DataFrame({"time": ONE.time, "close": ONE.close}).to_csv(path, index=False)

    @lru_cache
    def table():
        return pd.read_csv(path).close.to_numpy()

    class AtEachBar(Trader):
        def wants(self, bar):
            return at(table(), self.bars_seen + 1) - bar.close

    return AtEachBar


def reading_a_module(folder):
    """A module beside the strategy that holds prices, and a function that gives them."""
    (folder / "prophecy.py").write_text(f"CLOSES = {ONE.close.tolist()}\n\n\ndef after(i):\n    return CLOSES[i + 1]\n")
    specification = importlib.util.spec_from_file_location("prophecy", folder / "prophecy.py")
    prophecy = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(prophecy)
    space = {"prophecy": prophecy, "Trader": Trader, "__name__": __name__, "LAST": len(ONE) - 2}
    exec(
        "class FromModule(Trader):\n"
        "    def wants(self, bar):\n"
        "        return prophecy.after(min(self.bars_seen, LAST)) - bar.close\n",
        space,
    )
    return space["FromModule"]


def reading_signals(folder):
    """A file of signals that were worked out with hindsight."""
    path = folder / "signals.csv"
    pd.DataFrame({"time": ONE.time, "signal": LABELS}).to_csv(path, index=False)

    class FromSignals(ReadsLabelsInAColumn):
        def prepare(self, bars):
            return {"label": pd.read_csv(path).set_index("time").signal.reindex(bars.time).to_numpy()}

    return FromSignals


FILES = {
    "a file at each bar": reading_at_each_bar,
    "a module beside it": reading_a_module,
    "a file of closes": reading_a_file,
    "a file of signals": reading_signals,
}
