"""Several processes that record trials at once, some of them killed: no count is lost, no trial is half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.trials import Ground, Look, TrialKind

PATIENCE_S = 60.0
GROUND = Ground(("BTC/USDT",), 0, 100)
BLOCK = 500
WRITER = f"""
import sys
import numpy as np
from pathlib import Path
from tradewind.adapters.trials.sqlite_trials import SqliteTrials
from tradewind.core.domain.trials import Ground, Look, TrialKind

ledger, name = SqliteTrials(Path(sys.argv[1])), sys.argv[2]
look = Look(Ground(("BTC/USDT",), 0, 100), "1h", "data", name, "code", "rules", TrialKind.SWEEP, 1)
for block in range(int(sys.argv[3])):
    texts = [f"{{block}}-{{i}}" for i in range({BLOCK})]
    ledger.record(look, texts, np.full({BLOCK}, 0.01), 30)
    print(block, flush=True)
"""


def writer(folder: Path, name: str, blocks: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(blocks)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_several_processes_record_at_once_is_all_there(tmp_path: Path) -> None:
    writers = [writer(tmp_path, f"Strategy{i}", 6) for i in range(4)] + [writer(tmp_path, "Strategy0", 6)]
    for process in writers:
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
    ledger = SqliteTrials(tmp_path)
    assert ledger.verify() == 4 * 6 * BLOCK, "the fifth told the same trials as the first"
    assert ledger.tally(GROUND).trials == 4 * 6 * BLOCK


def test_a_kill_keeps_every_block_that_was_told_and_no_half_of_one(tmp_path: Path) -> None:
    chance, told = random.Random(3), 0
    for number in range(6):
        process = writer(tmp_path, f"Killed{number}", 10_000)
        assert process.stdout is not None
        heard = chance.randrange(1, 12)
        for _ in range(heard):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == -signal.SIGKILL
        told += heard + said.count("\n")
        ledger = SqliteTrials(tmp_path)
        there = ledger.verify()
        assert there % BLOCK == 0
        assert told * BLOCK <= there <= (told + number + 1) * BLOCK, "at most the last block of each was not yet said"
    again = Look(GROUND, "1h", "data", "Killed0", "code", "rules", TrialKind.SWEEP, 1)
    assert ledger.record(again, [f"0-{i}" for i in range(BLOCK)], np.full(BLOCK, 0.01), 30) == 0
