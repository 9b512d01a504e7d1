"""Keys and values of a cache: what is one, and which keys can be changed together.

In a Redis Cluster a key's place is chosen by its *tag*, the text between the first `{` and the next `}`, else by the
whole key. Keys of one tag lie together, so only they can be changed as a whole. The memory cache holds to it as well:
what works on a laptop works on a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tradewind.core.domain.errors import BadInput

KEY_CHARACTERS_MAX = 512
VALUE_BYTES_MAX = 1 << 20
TTL_S_MAX = 10 * 365 * 86_400.0
ANY = "*"
"""What stands for any text in a pattern; every other character stands for itself."""


def checked_key(key: str) -> str:
    """The key. Raises BadInput for what is none: keys are printable ASCII without spaces."""
    if not isinstance(key, str) or not key or len(key) > KEY_CHARACTERS_MAX:
        raise BadInput(f"{str(key)[:80]!r} is no key of a cache", fix=f"A key is a text of 1 to {KEY_CHARACTERS_MAX}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadInput(
            f"{key[:80]!r} is no key of a cache", fix="Keys are printable ASCII without spaces; percent-encode the rest"
        )
    return key


def checked_value(key: str, value: bytes) -> bytes:
    """The value. Raises BadInput where it is not bytes, or too large."""
    if not isinstance(value, bytes):
        raise BadInput(f"a value is bytes, not {type(value).__name__}", where=key)
    if len(value) > VALUE_BYTES_MAX:
        raise BadInput(f"a value of {len(value):,} bytes is too large", where=key, fix=f"At most {VALUE_BYTES_MAX:,}")
    return value


def checked_ttl(key: str, ttl_s: float | None) -> float | None:
    """The seconds a value is kept. Raises BadInput for a number that is none; NaN fails both comparisons."""
    if ttl_s is None or 0 < ttl_s <= TTL_S_MAX:
        return ttl_s
    raise BadInput(f"a value cannot be kept for {ttl_s} seconds", where=key, fix="Give more than 0, or None for ever")


def tag_of(key: str) -> str:
    """What chooses a key's place. Source: the hash tags of the Redis Cluster specification."""
    start = key.find("{")
    end = key.find("}", start + 1) if start >= 0 else -1
    return key[start + 1 : end] if end > start + 1 else key


def check_together(keys: Iterable[str]) -> None:
    """Raises BadInput where keys cannot be changed as a whole, since their tags differ."""
    tags = {tag_of(checked_key(key)): key for key in keys}
    if len(tags) > 1:
        one, other, *_ = tags.values()
        raise BadInput(
            f"{one!r} and {other!r} cannot be changed as a whole", fix="Give them the same part in braces: {alice}"
        )


def check_changes(changes: Mapping[str, bytes | None], expecting: Mapping[str, bytes | None]) -> None:
    """Raises BadInput where changes, with what they expect to find, cannot be made as a whole."""
    check_together([*changes, *expecting])
    for key, value in [*changes.items(), *expecting.items()]:
        if value is not None:
            checked_value(key, value)


def fits(pattern: str, key: str) -> bool:
    """Whether a key fits a pattern."""
    first, *rest = pattern.split(ANY)
    if not rest:
        return key == pattern
    *between, last = rest
    if not key.startswith(first) or not key.endswith(last) or len(key) < len(first) + len(last):
        return False
    at, end = len(first), len(key) - len(last)
    for part in between:
        found = key.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
