"""Which offsets of each partition may be committed: all below the first that is still being handled."""

from __future__ import annotations

from collections.abc import Mapping

from tradewind.ports.bus import Place


class Finished:
    """Events begun and finished, in whatever order; `ready` is what may be committed."""

    def __init__(self) -> None:
        self._open: dict[Place, dict[int, bool]] = {}
        self._ready: dict[Place, int] = {}

    def begin(self, place: Place, offset: int) -> None:
        """An event was taken in. In each place offsets rise."""
        offsets = self._open.get(place)
        if offsets is None:
            offsets = self._open[place] = {}
        offsets[offset] = False

    def end(self, place: Place, offset: int) -> None:
        """An event was dealt with. One of a place that was given away meanwhile counts for nothing."""
        offsets = self._open.get(place)
        if not offsets or offset not in offsets:
            return
        if next(iter(offsets)) != offset:
            offsets[offset] = True
            return
        del offsets[offset]
        while offsets and offsets[oldest := next(iter(offsets))]:
            del offsets[oldest]
            offset = oldest
        self._ready[place] = offset + 1

    def is_open(self, place: Place, offset: int) -> bool:
        """Whether an event is still to be dealt with: its place was not given away since it was taken in."""
        return self._open.get(place, {}).get(offset) is False

    def ready(self) -> Mapping[Place, int]:
        """The next offset of each place where one may be committed that was not yet."""
        ready, self._ready = self._ready, {}
        return ready

    def again(self, ready: Mapping[Place, int]) -> None:
        """What was to be committed was not: it is ready still, unless more is by now."""
        self._ready = {**ready, **self._ready}

    def forget(self, places: frozenset[Place]) -> None:
        """These places are another member's now."""
        for place in places:
            self._open.pop(place, None)
            self._ready.pop(place, None)

    def places(self) -> frozenset[Place]:
        """The places of which something is open or ready."""
        return frozenset(self._open) | frozenset(self._ready)
