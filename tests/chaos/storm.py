"""Faults at random, one after the other and two at once, under load; then everything is mended and judged.

    python -m tests.chaos.storm --minutes 30 --seed 7     (or: make chaos)

The seed is printed and draws the faults, their order and their length; when exactly they strike, the machine decides.
"""

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tests.chaos.faults import FAULTS, ON_THE_LOOP
from tests.chaos.stand import SERVES, Stand, until
from tests.chaos.verdict import looked_at, problems

STRIKES_S = (1.0, 5.0)
"""How long a fault lasts, from and to."""
LONG_S, LONG_SHARE, LONG_FORM_S = 45.0, 0.1, 240.0
"""Of a storm that lasts longer than the third, this share of faults outlasts all retries."""
CALM_S = 3.0
UP_S, TOLD_S, MENDED_S = 300.0, 90.0, 480.0
LOOK_S = 0.5


@dataclass
class Watched:
    """What a watcher has seen: alerts as the rules would raise them, without their waiting times."""

    alerts: set[str] = field(default_factory=set)
    errors: dict[int, float] = field(default_factory=dict)
    came_up: set[int] = field(default_factory=set)
    was_ready: set[int] = field(default_factory=set)

    def look(self, pages, brokers):
        """Take in what the pages of processes say, and how many brokers answer."""
        for number, page in enumerate(pages):
            if page is None:
                if number in self.came_up:
                    self.alerts.add("ProcessGone")
                continue
            self.came_up.add(number)
            errors = page.get("insert_errors", 0.0)
            if errors > self.errors.get(number, 0.0):
                self.alerts.add("StoreAway")
            self.errors[number] = errors
            ready = page.get("cache_ready")
            if ready == 1:
                self.was_ready.add(number)
            elif ready == 0 and number in self.was_ready:
                self.alerts.add("CacheDegraded")
        if brokers < 3:
            self.alerts.add("KafkaBrokerDown")


async def watch(stand, watched):
    """Look again and again, and start processes again that ended by themselves."""
    admin = AdminClient({"bootstrap.servers": stand.brokers.places, "log_level": 0})

    def look():
        try:
            brokers = len(admin.list_topics(timeout=3).brokers)
        except KafkaException:
            brokers = 0
        watched.look(stand.pages(), brokers)
        for process in stand.processes:
            process.look()

    while True:
        await asyncio.to_thread(look)
        await asyncio.sleep(LOOK_S)


async def storm(seed, seconds, say=print):
    """Run it; what does not hold afterwards, in words."""
    draw = random.Random(seed)
    say(f"seed {seed}")
    async with Stand() as stand:
        watched, struck = Watched(), []
        watching = asyncio.create_task(watch(stand, watched))
        try:
            if not await until(lambda: _flows(stand, watched), UP_S):
                return [f"it did not come up: {stand.logs()}"]
            deadline, rest = time.monotonic() + seconds, list(FAULTS)
            # Every fault once in a drawn order, then drawn ones until the time is over.
            draw.shuffle(rest)
            while rest or time.monotonic() < deadline:
                names = _drawn(draw, rest)
                long = draw.random() < LONG_SHARE and seconds >= LONG_FORM_S
                lasts_s = LONG_S if long else draw.uniform(*STRIKES_S)
                say(f"{len(stand.acknowledged()):,} acknowledged; for {lasts_s:.1f} s: {' and '.join(names)}")
                struck += names
                await _strike(stand, names, draw, lasts_s, watched)
                await asyncio.sleep(draw.uniform(0, CALM_S))
            await asyncio.to_thread(stand.publisher.end)
            wanted = {FAULTS[name].alert for name in struck} - {""}
            said = await _judged(stand, wanted, watched)
            told = ", ".join(sorted(watched.alerts))
            say(f"{len(stand.acknowledged()):,} acknowledged, {len(struck)} faults; told: {told}")
            return [*said, stand.logs()] if said else []
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def _drawn(draw, rest):
    """One fault, or two of different things; those in `rest` first, which are taken out."""
    names = [rest.pop() if rest else draw.choice(list(FAULTS))]
    others = [name for name in rest or FAULTS if FAULTS[name].of != FAULTS[names[0]].of]
    if others and draw.random() < 0.5:
        names.append(draw.choice(others))
        if names[1] in rest:
            rest.remove(names[1])
    return names


async def _flows(stand, watched):
    """Whether events are acknowledged and stored, and every process is ready."""
    return len(stand.acknowledged()) > 50 and watched.was_ready == set(range(SERVES))


async def _strike(stand, names, draw, lasts_s, watched):
    """Break, wait until what must be told is told (or for a while), mend."""
    given = []
    for name in names:
        fault = FAULTS[name]
        given.append(
            fault.strike(stand, draw) if name in ON_THE_LOOP else await asyncio.to_thread(fault.strike, stand, draw)
        )
    await asyncio.sleep(lasts_s)

    async def told():
        return all(FAULTS[name].alert in watched.alerts | {""} for name in names)

    await until(told, TOLD_S)
    for name, what in reversed(list(zip(names, given, strict=True))):
        heal = FAULTS[name].heal
        if name in ON_THE_LOOP:
            heal(stand, what)
        else:
            await asyncio.to_thread(heal, stand, what)


async def _judged(stand, wanted, watched):
    """Wait until nothing is wrong any more, or for as long as recovery may take; what is wrong then."""
    store, cache = stand.open()
    said = ["nothing was looked at"]

    async def well():
        nonlocal said
        said = problems(stand.acknowledged(), await looked_at(store, cache), wanted, watched.alerts)
        return not said

    try:
        await until(well, MENDED_S, 1.0)
    finally:
        await cache.close()
        await store.close()
    return said


def main():
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--minutes", type=float, default=10.0)
    words.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options = words.parse_args()
    said = asyncio.run(storm(options.seed, options.minutes * 60, lambda line: print(line, flush=True)))
    print("\n".join(said) or "Nothing was lost, nothing counts twice, what is kept is what the events come to.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
