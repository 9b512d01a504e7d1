"""Threads that run a strategy's own Python, which may never come back from it, and can be called back.

A thread says what it begins and, on the way, that it is alive. Whoever watches may strike it: then `CalledBack` is
raised where its Python code is. Code that is not Python's (a kernel, an array operation) is left to its end first.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, get_ident
from time import monotonic, sleep
from typing import TypeVar

T = TypeVar("T")
AGAIN_SECONDS = 1.0
"""After so long a thread that has not come back is struck again: it may have caught what was raised."""


class CalledBack(BaseException):
    """Raised inside a thread that was struck. No strategy catches it by accident."""


@dataclass
class _Piece:
    """What a thread is at: when it last said that it is alive, and when it was last struck."""

    alive: float
    struck: float | None = None
    leaving: bool = False

    def may_be_struck(self, now: float) -> bool:
        """Not on its way out, and not while it may still be on its way out from the last time."""
        return not self.leaving and (self.struck is None or now - self.struck >= AGAIN_SECONDS)


class WatchedThreads:
    """Several threads, each at one piece of work at a time, and one that watches them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at: dict[int, _Piece] = {}

    def do(self, piece: Callable[[], T]) -> T:
        """Do a piece of work in this thread. Raises CalledBack where it was struck; none comes later."""
        me, mine = get_ident(), _Piece(monotonic())
        try:
            with self._lock:
                self._at[me] = mine
            return piece()
        finally:
            # Nothing is called before this, so nothing arrives before it; after it one strike at most is on its way.
            mine.leaving = True
            try:
                self._leave(me, mine)
            except CalledBack:
                self._leave(me, mine)

    def alive(self) -> None:
        """This thread says that it is getting on."""
        piece = self._at.get(get_ident())
        if piece is not None:
            piece.alive = monotonic()

    def call_back_silent(self, seconds: float) -> None:
        """Strike the thread that has been silent for longest, if that is longer than `seconds`.

        Others may have waited for what it held: they have their time from now on.
        """
        now = monotonic()
        with self._lock:
            me, piece = min(self._at.items(), key=lambda item: item[1].alive, default=(0, None))
            if piece is None or now - piece.alive <= seconds or not piece.may_be_struck(now):
                return
            _strike(me, piece, now)
            for other in self._at.values():
                if other is not piece:
                    other.alive = now

    def call_back_all(self) -> None:
        """Strike every thread that is at something."""
        now = monotonic()
        with self._lock:
            for me, piece in self._at.items():
                if piece.may_be_struck(now):
                    _strike(me, piece, now)

    def _leave(self, me: int, mine: _Piece) -> None:
        with self._lock:
            self._at.pop(me, None)
        if mine.struck is not None:
            _await_strike(me)


def _strike(me: int, piece: _Piece, now: float) -> None:
    piece.struck = now
    _raise_in(me)


def _await_strike(me: int) -> None:
    """Receive here what may still be on its way to this thread, which is struck once more to be sure that it comes.

    It is not taken back (by no exception at all): CPython then goes on looking for one for ever, and a thread that is
    traced, as under coverage or a debugger, stands still in that.
    """
    with suppress(CalledBack):
        _raise_in(me)
        while True:
            sleep(0)


def _raise_in(me: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me), ctypes.py_object(CalledBack))
