"""Real Redis servers for tests, as `deploy/redis/servers.py` starts them.

Where the program is missing, tests skip on a laptop with the reason, and fail in CI.
"""

from __future__ import annotations

import os

import pytest
from deploy.redis import servers
from deploy.redis.servers import until

__all__ = ["RedisServer", "RedisServers", "until"]


def _must_be_there() -> None:
    for name in ("redis-server", "redis-cli"):
        try:
            servers.program(name)
        except servers.MissingError as problem:
            if os.environ.get("CI") == "true":
                pytest.fail(str(problem))
            pytest.skip(str(problem))


class RedisServer(servers.RedisServer):
    """One server in a role of the project's own."""

    def start(self, *, answers: bool = True) -> RedisServer:
        """Start it, and wait until it answers; skips, or fails in CI, where it is not installed."""
        _must_be_there()
        super().start(answers=answers)
        return self


class RedisServers(servers.RedisServers):
    """A cluster of six."""

    def start(self) -> RedisServers:
        """Start it; skips, or fails in CI, where it is not installed."""
        _must_be_there()
        super().start()
        return self
