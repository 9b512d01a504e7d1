"""`tradewind dead-letters`: events that could not be handled, to be looked at, sent again, or dropped."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from tradewind.interfaces.cli.app import console_of

if TYPE_CHECKING:
    from tradewind.messaging.dead_letters import Letter
    from tradewind.messaging.producer import EventProducer
    from tradewind.ports.bus import Bus

app = typer.Typer(
    help="Look at events that could not be handled; send them again, or drop them.",
    invoke_without_command=True,
    add_completion=False,
)
T = TypeVar("T")
ID_SHOWN = 13
REASON_SHOWN = 70
Names = Annotated[list[str] | None, typer.Argument(help="Letters by their id, or by how it begins.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="All open letters of this topic.")]


@app.callback()
def dead_letters(ctx: typer.Context, topic: OfTopic = None) -> None:
    """List the letters that are open, oldest first."""
    if ctx.invoked_subcommand is not None:
        return
    from tradewind.core.domain.instants import instant_text
    from tradewind.operations.dead_letters import list_letters

    console = console_of(ctx)
    letters = _on_the_bus(lambda bus, producer: list_letters(bus, producer, topic))
    console.result({"letters": [_row(letter) for letter in letters]})
    if not letters:
        console.say("No letter is open.")
        return
    console.table(
        ("letter", "put aside", "topic", "token", "group", "attempts", "reason"),
        [
            (
                letter.id[:ID_SHOWN], instant_text(letter.time), letter.data.topic, letter.token, letter.data.group,
                letter.data.attempts, letter.data.reason[:REASON_SHOWN],
            )
            for letter in letters
        ],
    )  # fmt: skip
    console.note(
        "Read one: tradewind dead-letters show LETTER; send it again: tradewind dead-letters send-again LETTER"
    )


@app.command()
def show(ctx: typer.Context, letter: Annotated[str, typer.Argument(help="Its id, or how that begins.")]) -> None:
    """Show a letter whole: the reason, and the event itself."""
    from tradewind.core.domain.instants import instant_text
    from tradewind.operations.dead_letters import find_letter

    console = console_of(ctx)
    found = _on_the_bus(lambda bus, producer: find_letter(bus, producer, letter))
    console.result(_row(found) | {"original": found.data.original})
    data = found.data
    console.say(f"{found.id}, put aside {instant_text(found.time)}")
    console.say(f"  {data.topic}, partition {data.partition}, offset {data.offset}; token {found.token}")
    console.say(f"  {data.group} could not handle it at {data.attempts} attempts: {data.reason}")
    if data.length:
        console.say(f"  {data.length:,} bytes that are no event:")
    console.say(data.original)


@app.command("send-again")
def send_again(ctx: typer.Context, letters: Names = None, topic: OfTopic = None) -> None:
    """Let the group that failed handle these events once more. Mend what was wrong first.

    A group that is past them handles them all the same; one that fails again puts them aside again.
    """
    from tradewind.operations.dead_letters import send_letters_again

    console = console_of(ctx)
    done = _on_the_bus(
        lambda bus, producer: send_letters_again(bus, producer, letters or [], topic=topic, actor=_actor())
    )
    failed = [{"letter": letter.id, "reason": reason} for letter, reason in done.failed]
    console.result({"sent": [letter.id for letter in done.sent], "failed": failed})
    console.say(f"{len(done.sent)} sent again")
    for letter, reason in done.failed:
        console.note(f"{letter.id[:ID_SHOWN]} cannot be sent again and stays: {reason}")


@app.command()
def drop(
    ctx: typer.Context,
    letters: Names = None,
    topic: OfTopic = None,
    *,
    reason: Annotated[str, typer.Option(help="Why it is not needed; it is kept.")] = "",
) -> None:
    """Close letters without sending them again. Nothing is removed: who did it and why stays."""
    from tradewind.operations.dead_letters import drop_letters

    console = console_of(ctx)
    done = _on_the_bus(
        lambda bus, producer: drop_letters(bus, producer, letters or [], topic=topic, actor=_actor(), remark=reason)
    )
    console.result({"dropped": [letter.id for letter in done]})
    console.say(f"{len(done)} dropped")


def _on_the_bus(work: Callable[[Bus, EventProducer], Awaitable[T]]) -> T:
    """Do something on the bus that the settings name."""
    import asyncio

    from tradewind import bootstrap
    from tradewind.messaging.producer import EventProducer, Origin

    async def run() -> T:
        store = bootstrap.open_event_store()
        bus = bootstrap.open_bus(store)
        try:
            return await work(bus, EventProducer(bus, Origin("home", "person", "paper"), bootstrap.open_metrics()))
        finally:
            await bus.close()
            await store.close()

    return asyncio.run(run())


def _row(letter: Letter) -> dict[str, Any]:
    data = letter.data
    return {
        "letter": letter.id, "time": letter.time, "topic": data.topic, "partition": data.partition,
        "offset": data.offset, "token": letter.token, "group": data.group, "attempts": data.attempts,
        "reason": data.reason, "bytes_that_are_no_event": data.length,
    }  # fmt: skip


def _actor() -> str:
    """Who does it, as the system knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        return "unknown"
