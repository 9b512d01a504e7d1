"""Threads that are called back end what they are at, and nothing of that stays behind in the process."""

import subprocess
import sys
import threading
from threading import Event

import pytest

from tradewind.research import watched_threads
from tradewind.research.watched_threads import CalledBack, WatchedThreads

PATIENCE_SECONDS = 120.0
TRACED = """
import sys, threading
from tradewind.research.watched_threads import CalledBack, WatchedThreads

def trace(frame, event, argument):
    return trace

def endless(entered):
    while True:
        entered.set()

def work():
    for i in range(50):
        assert threads.do(lambda: i) == i
    try:
        threads.do(lambda: endless(entered))
    except CalledBack:
        called_back.append(True)
    for i in range(50):
        assert threads.do(lambda: i) == i

threads, entered, called_back = WatchedThreads(), threading.Event(), []
threading.settrace(trace)
worker = threading.Thread(target=work)
worker.start()
entered.wait()
threads.call_back_all()
worker.join()
sys.exit(0 if called_back else 1)
"""


def test_a_traced_thread_goes_on_before_and_after_it_is_called_back():
    """As under coverage or a debugger, where CPython must not be left looking for an exception that never comes."""
    subprocess.run([sys.executable, "-c", TRACED], timeout=PATIENCE_SECONDS, check=True)


def test_what_is_struck_in_its_last_moment_keeps_its_result_and_nothing_reaches_what_comes_next(monkeypatch):
    monkeypatch.setattr(watched_threads, "AGAIN_SECONDS", 0.0)
    threads, done = WatchedThreads(), Event()
    results: list[int | None] = []

    def work():
        for i in range(3_000):
            try:
                results.append(threads.do(lambda i=i: i))
            except CalledBack:
                results.append(None)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        threads.call_back_all()
    worker.join()
    assert len(results) == 3_000
    assert all(result in {None, i} for i, result in enumerate(results))


def test_who_catches_it_once_is_struck_again(monkeypatch):
    monkeypatch.setattr(watched_threads, "AGAIN_SECONDS", 0.0)
    threads, caught, ended = WatchedThreads(), Event(), Event()

    def stubborn():
        try:
            while True:
                caught.is_set()
        except CalledBack:
            caught.set()
        while True:
            caught.is_set()

    def work():
        with pytest.raises(CalledBack):
            threads.do(stubborn)
        ended.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not ended.is_set():
        threads.call_back_all()
    worker.join()
    assert caught.is_set()
