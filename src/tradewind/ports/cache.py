"""The port to a cache: values by key that are quick to read and can always be made again from the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol


class Role(Enum):
    """What a cache may do when it is full. A server has one role: quotes must not push portfolios out."""

    CACHE = "cache"
    """Forget what was not used for longest."""
    STATE = "state"
    """Refuse what is new, and forget nothing."""


class Cache(Protocol):
    """Bytes by key (`core.domain.cache_keys`).

    Raises BadInput for what is no key, value or time; Unavailable where the cache cannot be reached, or is full and may
    not forget. After Unavailable it is not known whether a change was made: look, or make it again.
    """

    async def get(self, key: str) -> bytes | None:
        """The value; None where there is none."""
        ...

    async def set(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        """Keep a value, for so many seconds or until it is deleted."""
        ...

    async def delete(self, *keys: str) -> int:
        """Forget values; how many there were."""
        ...

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys. Those of one tag are of one moment."""
        ...

    async def get_all(self, pattern: str, most: int = 100_000) -> Mapping[str, bytes]:
        """All values whose keys fit: `*` is any text. What changes meanwhile may be there or not.

        Raises Refused where more than `most` fit.
        """
        ...

    async def keys(self, pattern: str, most: int = 100_000) -> Sequence[str]:
        """The keys that fit, each once, as in `get_all`; their values are not fetched."""
        ...

    async def apply(
        self, changes: Mapping[str, bytes | None], expecting: Mapping[str, bytes | None] | None = None
    ) -> bool:
        """Set values, or delete them (None): all or none, and no reader sees some of them.

        All keys have one tag. False, and nothing is changed, where what is `expecting` is not what is there.
        """
        ...

    async def ping(self) -> str:
        """What holds the values now: another name after it was started again, or where another server leads.

        Raises Unavailable where it does not answer, or may have gone back in time since it was asked last; BadInput
        where its settings do not fit its role.
        """
        ...

    async def close(self) -> None:
        """Let the cache go."""
        ...
