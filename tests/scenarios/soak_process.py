"""Work for a while, and say after each block how much memory is used: python soak_process.py FOLDER [leak]

Prints a JSON list of events so far and bytes. With `leak` the handler keeps every event it has seen, so that the test
can see that a leak would be seen.
"""

import asyncio
import gc
import json
import sys
import time
from array import array
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import load_stand

BLOCKS, BLOCK, BATCH = 16, 5_000, 500
APART_NS = 20_000_000
"""Between two ticks by their own time: what is kept of the latest seconds then is little, however fast they come."""
KEPT = []


async def main(folder, *, leaks):
    """Blocks of ticks; between them nothing is waiting."""
    samples, moment = [], time.time_ns() - (BLOCKS * BLOCK + 1) * APART_NS
    # What is remembered reaches its limit before the memory is first looked at; the limit itself is tested elsewhere.
    async with load_stand.Stand(folder / "events.db", remembered_max=BLOCK) as stand:
        if leaks:
            take = stand.candles.handlers["price.tick"]

            async def keep(event):
                KEPT.append(event)
                await take(event)

            stand.candles.handlers["price.tick"] = keep
        for _ in range(BLOCKS):
            for _ in range(BLOCK // BATCH):
                await stand.publish([moment + number * APART_NS for number in range(BATCH)])
                moment += BATCH * APART_NS
            await stand.caught_up()
            stand.candles.late = array("d")
            gc.collect()
            samples.append((stand.acknowledged, load_stand.own_memory_bytes()))
        assert await stand.lost() == 0
    return samples


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(Path(sys.argv[1]), leaks=sys.argv[2:] == ["leak"]))))
