"""Which part of a topic a token belongs to: the same in every process, on every machine, in every language."""

from __future__ import annotations

from functools import lru_cache

TOKENS_REMEMBERED_MAX = 65_536
SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32-bit MurmurHash2 with Kafka's seed, unsigned.

    Source: Appleby, MurmurHash2 (2008, public domain), as Kafka's own clients place their keys; so a program that
    publishes with one of them puts a token where Tradewind does.
    """
    length = len(data)
    h = SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = (int.from_bytes(data[i : i + 4], "little") * MULTIPLIER) & MASK
        k = ((k ^ (k >> 24)) * MULTIPLIER) & MASK
        h = ((h * MULTIPLIER) & MASK) ^ k
    rest = data[whole:]
    if rest:
        h = ((h ^ int.from_bytes(rest, "little")) * MULTIPLIER) & MASK
    h = ((h ^ (h >> 13)) * MULTIPLIER) & MASK
    return h ^ (h >> 15)


@lru_cache(TOKENS_REMEMBERED_MAX)
def partition_of(token: str, partitions: int) -> int:
    """The partition, from 0, of a token's events in a topic of so many."""
    return (murmur2(token.encode()) & 0x7FFFFFFF) % partitions
