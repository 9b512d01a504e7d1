"""`tradewind replay`: a recorded session again, up to the first thing that is not as it was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.interfaces.cli.console import Console
    from tradewind.operations.sessions import KnownSessions
    from tradewind.trading.sessions.replaying import Difference, Replayed

app = typer.Typer(add_completion=False)
WHAT = {
    "record": "The record is not what was written",
    "decision": "Another decision is taken",
    "failure": "The strategy stops",
    "hash": "The decisions agree, and their hash does not",
}


@app.command()
def replay(
    ctx: typer.Context,
    session: Annotated[str, typer.Argument(help="Its name; without one the sessions are listed.")] = "",
    *,
    seal: Annotated[str, typer.Option(help="The seal that was told when it ended: its record must come to it.")] = "",
) -> None:
    """Play a recorded session again, and hold every decision against the record. Exit code 6 where one differs."""
    import asyncio
    from contextlib import redirect_stdout

    from tradewind import bootstrap
    from tradewind.core.domain.errors import BadInput, Disputed
    from tradewind.operations.sessions import replay_session, sessions
    from tradewind.trading.sessions.replaying import Replayed

    console = console_of(ctx)

    async def work() -> KnownSessions | Replayed:
        store = bootstrap.open_event_store()
        try:
            if not session:
                return await sessions(store)
            with console.progress("replaying") as progress, redirect_stdout(sys.stderr):
                progress.stage("replaying")
                return await replay_session(store, session, seal=seal)
        finally:
            await store.close()

    if seal and not session:
        raise BadInput("a seal is that of a session", where="--seal", fix="Name the session")
    found = asyncio.run(work())
    if not isinstance(found, Replayed):
        _list(console, found)
        return
    console.result(_document(found))
    _show(console, found)
    if found.difference is not None:
        raise typer.Exit(Disputed.exit_code)


def _list(console: Console, found: KnownSessions) -> None:
    from dataclasses import asdict

    from tradewind.core.domain.instants import instant_text

    console.result([asdict(each) for each in found.shown])
    if found.older:
        console.note(f"note: {found.older:,} older ones are not listed")
    if not found.shown:
        console.say("No session is recorded yet.")
        console.note("Record one: tradewind rehearse sma_cross")
        return
    console.table(
        ("session", "strategy", "market", "from", "to", "decisions"),
        [
            (
                each.session, each.strategy, f"{each.symbol} {each.timeframe}", instant_text(each.begun_ns)[:16],
                instant_text(each.ended_ns)[:16] if each.ended_ns else "not ended",
                "failed" if each.failed else each.decision_hash,
            )
            for each in found.shown
        ],
    )  # fmt: skip


def _show(console: Console, found: Replayed) -> None:
    terms = found.terms
    mark = "  [SYNTHETIC DATA]" if terms.synthetic else ""
    console.say(f"session {found.session}: {terms.strategy} on {terms.market}{mark}")
    if found.code_hash != terms.code_hash:
        console.note("note: the code is not the code of that day, so its decisions may be others")
    console.say(f"  {found.events:,} events, {found.inputs:,} inputs, {found.decisions:,} decisions")
    if found.resumed:
        console.say(f"  it was cut off and went on {found.resumed:,} time{'s' * (found.resumed > 1)}")
    if found.difference is not None:
        _show_difference(console, found.difference)
    elif found.failed is not None:
        console.say(f"decision hash {found.decision_hash}, as recorded")
        console.say(f"it failed, and fails again: {found.failed}")
    elif found.ended:
        console.say(f"decision hash {found.decision_hash}, as recorded")
    else:
        console.say(f"decision hash {found.decision_hash} up to where the record ends; the session was cut off")
        console.note(f"Go on with it: tradewind resume {found.session}")


def _show_difference(console: Console, found: Difference) -> None:
    from tradewind.core.domain.instants import instant_text

    when = f", {instant_text(found.time)}" if found.time else ""
    place = f"event {found.position} ({found.type}{when})" if found.position else found.type
    console.say(f"{WHAT[found.what]}: {place}")
    console.say(f"  recorded: {_side(found.recorded, found.replayed)}")
    console.say(f"  now:      {_side(found.replayed, found.recorded)}")


def _side(value: Any, other: Any) -> str:
    """One side in a line; of two decisions only what differs."""
    if value is None:
        return "nothing"
    if isinstance(value, dict) and isinstance(other, dict) and value.keys() & other.keys() != set():
        value = {name: each for name, each in value.items() if name in ("order_id", "mark") or each != other.get(name)}
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def _document(found: Replayed) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "session": found.session,
        "same": found.difference is None,
        "ended": found.ended,
        "resumed": found.resumed,
        "failed": found.failed,
        "events": found.events,
        "inputs": found.inputs,
        "decisions": found.decisions,
        "decision_hash": found.decision_hash,
        "recorded_hash": found.recorded_hash,
        "seal": found.seal,
        "code_hash": found.code_hash,
        "recorded_code_hash": found.terms.code_hash,
        "synthetic": found.terms.synthetic,
        "difference": None if found.difference is None else asdict(found.difference),
    }
