"""Symbols as folder names, readable and reversible: BTC/USDT:USDT is stored under BTC-USDT_USDT."""

from __future__ import annotations

import re

PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.")
SHORT = {"/": "-", ":": "_"}
LONG = {written: meant for meant, written in SHORT.items()}
DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


def folder_name(symbol: str) -> str:
    """A name that every file system takes; what is neither letter, digit nor dot is written %XX per UTF-8 byte."""
    parts = [c if c in PLAIN else SHORT.get(c) or _escaped(c) for c in symbol]
    if parts and (parts[0] == "." or DEVICES.fullmatch(symbol)):
        parts[0] = _escaped(symbol[0])
    if parts and parts[-1] == ".":
        parts[-1] = _escaped(".")
    return "".join(parts)


def symbol_name(folder: str) -> str | None:
    """The symbol that `folder_name` wrote, or None where it wrote no such folder."""
    spelled = "".join(LONG.get(c, c) for c in folder)
    try:
        raw = re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), spelled.encode())
        symbol = raw.decode()
    except UnicodeError:
        return None
    return symbol if symbol and folder_name(symbol) == folder else None


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
