"""`tradewind topics`: what events travel on, and the same made in Kafka."""

from __future__ import annotations

from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(add_completion=False)


@app.command()
def topics(
    ctx: typer.Context,
    replicas: Annotated[int, typer.Option(min=1, max=9, help="Brokers that each event is kept on.")] = 3,
    *,
    make: Annotated[bool, typer.Option("--make", help="Make them in the Kafka that the settings name.")] = False,
) -> None:
    """List the topics that events travel on; with --make, make those in Kafka that are missing and set others right.

    With 3 replicas an event is acknowledged when 2 brokers have it, so that any one may die. Making them twice does
    nothing.
    """
    import asyncio

    from tradewind import bootstrap
    from tradewind.core.domain.events.topics import DAY_NS, TOPICS

    console = console_of(ctx)
    if make:
        done = asyncio.run(bootstrap.make_bus_topics(replicas, max(1, replicas - 1)))
        console.result({"made": list(done.made), "changed": list(done.changed)})
        console.say(f"{len(done.made)} topics are made, {len(done.changed)} are set right.")
        return
    found = [
        {
            "name": topic.name,
            "partitions": topic.partitions,
            "key": topic.key,
            "retention_days": None if topic.retention_ns is None else topic.retention_ns // DAY_NS,
            "meaning": topic.meaning,
        }
        for topic in TOPICS.values()
    ]
    console.result({"topics": found})
    console.table(
        ("topic", "partitions", "key", "days kept", "what"),
        [tuple("for ever" if value is None else value for value in topic.values()) for topic in found],
    )
