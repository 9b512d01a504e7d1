"""The timers of a session: its candles' ends, and the strategy's own."""

from __future__ import annotations

from tradewind.core.domain.timeframes import bucket_start_ns


class Timers:
    """When each timer fires next: every `length_ns`, `late_ns` after the round time; of two at once the first named."""

    def __init__(self, lengths: dict[str, tuple[int, int]], now: int) -> None:
        self._rows = {
            name: (length, late, bucket_start_ns(now, length) + length) for name, (length, late) in lengths.items()
        }
        self._find()

    def fire(self) -> tuple[int, str, int]:
        """The next one fires: when it does, which it is, and when it was due."""
        fires, name = self.fires_ns, self._name
        length, late, due = self._rows[name]
        self._rows[name] = (length, late, due + length)
        self._find()
        return fires, name, due

    def _find(self) -> None:
        self.fires_ns, _, self._name = min(
            (due + late, rank, name) for rank, (name, (_, late, due)) in enumerate(self._rows.items())
        )
