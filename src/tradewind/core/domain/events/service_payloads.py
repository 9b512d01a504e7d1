"""What services and people's work say of themselves: tasks, reviews, audits, reconciliations, a service's own state."""

from __future__ import annotations

from typing import Literal

from tradewind.core.domain.events.payloads import Payload

TaskStateName = Literal["queued", "started", "finished", "failed", "given_up"]


class TaskChange(Payload, frozen=True):
    """A step of a task's life."""

    task_id: str
    state: TaskStateName
    kind: str
    attempt: int = 0
    reason: str = ""


class Audit(Payload, frozen=True):
    """Who did what to what."""

    actor: str
    action: str
    target: str
    allowed: bool
    detail: str = ""


class Review(Payload, frozen=True):
    """A proposal's way to its decision."""

    proposal: str
    state: Literal["proposed", "judged", "approved", "rejected", "changed", "promoted"]
    actor: str
    remark: str = ""


class SandboxAlert(Payload, frozen=True):
    """Code that tried what it may not."""

    proposal: str
    attempt: str
    stopped_by: str


class Reconciliation(Payload, frozen=True):
    """Whether our books and the venue's say the same."""

    account: str
    agrees: bool
    differences: tuple[str, ...] = ()


class ServiceChange(Payload, frozen=True):
    """A service that starts, stops, or is impaired and why."""

    service: str
    state: Literal["started", "stopped", "impaired", "recovered"]
    reason: str = ""


class CacheRepair(Payload, frozen=True):
    """A portfolio in the cache that was not what its account's events come to, and was made again."""

    service: str
    account: str
    found: Literal["missing", "damaged", "nobodys"]
