"""The trial ledger as one SQLite file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.adapters.sqlite.database import Database
from tradewind.core.domain.trials import LOCAL, PERIODS_MIN, Ground, Look, Tally, TrialKind, TrialsOf

FILE_NAME = "trials.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS looks (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, origin TEXT NOT NULL, symbols TEXT NOT NULL, timeframe TEXT NOT NULL,
    start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, data_hash TEXT NOT NULL, strategy TEXT NOT NULL,
    code_hash TEXT NOT NULL, rules_hash TEXT NOT NULL, kind TEXT NOT NULL, made_ns INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS look_symbols (
    symbol TEXT NOT NULL, look INTEGER NOT NULL REFERENCES looks (id), PRIMARY KEY (symbol, look)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS trials (
    key BLOB PRIMARY KEY, look INTEGER NOT NULL REFERENCES looks (id), parameters TEXT NOT NULL,
    periods INTEGER NOT NULL, sharpe REAL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS trials_by_look ON trials (look, periods, sharpe)
"""
LOOK = "tenant, origin, symbols, timeframe, start_ns, end_ns, data_hash, strategy, code_hash, rules_hash, kind, made_ns"
OVERLAPPING = """
SELECT periods, count(*), count(sharpe), avg(sharpe), total(sharpe * sharpe) FROM trials WHERE look IN (
    SELECT DISTINCT id FROM looks JOIN look_symbols ON look = id
    WHERE tenant = ? AND origin = ? AND start_ns < ? AND end_ns > ? AND symbol IN ({})
) GROUP BY periods
"""
SUMMARY = """
SELECT symbols, timeframe, origin, strategy, kind, count(key), count(sharpe), count(DISTINCT code_hash),
    min(start_ns), max(end_ns), max(sharpe), min(made_ns), max(made_ns)
FROM looks JOIN trials ON look = id
WHERE tenant = ? AND (? IS NULL OR id IN (SELECT look FROM look_symbols WHERE symbol = ?))
GROUP BY symbols, timeframe, origin, strategy, kind ORDER BY min(made_ns), kind
"""


class SqliteTrials:
    """A ledger below `folder`. A look is a row, with a row for each of its trials that nobody had counted before."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / FILE_NAME, SCHEMA, "the trial ledger")

    def record(self, look: Look, parameters: Sequence[str], sharpe: NDArray[np.float64], periods: int) -> int:
        """Count trials; see the port."""
        keys = look.keys(parameters)
        # In the order of their keys, so that the tree of keys is walked once and not jumped about in.
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ratios = [None if math.isnan(ratio) else ratio for ratio in sharpe.tolist()]
        with self.database.writing() as connection:
            ground = look.ground
            number = connection.execute(
                f"INSERT INTO looks ({LOOK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own text
                (
                    *(ground.tenant, ground.origin, json.dumps(ground.symbols), look.timeframe, ground.start_ns),
                    *(ground.end_ns, look.data_hash, look.strategy, look.code_hash, look.rules_hash, look.kind),
                    look.made_ns,
                ),
            ).lastrowid
            before = connection.total_changes
            connection.executemany(
                "INSERT OR IGNORE INTO trials (key, look, parameters, periods, sharpe) VALUES (?, ?, ?, ?, ?)",
                ((keys[i], number, parameters[i], periods, ratios[i]) for i in order),
            )
            new = connection.total_changes - before
            if new:
                connection.executemany(
                    "INSERT INTO look_symbols (symbol, look) VALUES (?, ?)",
                    [(symbol, number) for symbol in dict.fromkeys(ground.symbols)],
                )
            else:
                connection.execute("DELETE FROM looks WHERE id = ?", (number,))
        return new

    def tally(self, ground: Ground) -> Tally:
        """The trials on a ground; see the port."""
        if not self.database.exists():
            return Tally(0, 0, math.nan)
        wanted = (ground.tenant, ground.origin, ground.end_ns, ground.start_ns, *ground.symbols)
        asked = OVERLAPPING.format(", ".join("?" * len(ground.symbols)))
        with self.database.reading() as connection:
            return tally_of(connection.execute(asked, wanted).fetchall())

    def summary(self, symbol: str | None = None, tenant: str = LOCAL) -> list[TrialsOf]:
        """What has been tried; see the port."""
        if not self.database.exists():
            return []
        with self.database.reading() as connection:
            rows = connection.execute(SUMMARY, (tenant, symbol, symbol)).fetchall()
        return [_line(*row) for row in rows]

    def verify(self) -> int:
        """Read everything; see the port."""
        if not self.database.exists():
            return 0
        self.database.verify()
        with self.database.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM trials").fetchone()[0])


def _line(symbols: str, timeframe: str, origin: str, strategy: str, kind: str, *figures: Any) -> TrialsOf:
    return TrialsOf(tuple(json.loads(symbols)), timeframe, origin, strategy, TrialKind(kind), *figures)


def tally_of(groups: Sequence[tuple[int, int, int, float | None, float]]) -> Tally:
    """One tally of groups of equal length: periods, trials, those judged, mean and sum of squares of their ratios."""
    trials, judged = sum(group[1] for group in groups), sum(group[2] for group in groups if group[0] >= PERIODS_MIN)
    if judged < 2:
        return Tally(trials, judged, math.nan)
    known = [
        (n, mean * math.sqrt(periods), squares * periods)
        for periods, _, n, mean, squares in groups
        if mean is not None and periods >= PERIODS_MIN
    ]
    mean = sum(n * z for n, z, _ in known) / judged
    within = sum(max(0.0, squares - n * z * z) for n, z, squares in known)
    between = sum(n * (z - mean) ** 2 for n, z, _ in known)
    return Tally(trials, judged, (within + between) / (judged - 1))
