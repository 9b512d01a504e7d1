"""The table of commands. A command's module is imported when it is called, never to show the list."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from tradewind.interfaces.cli.console import Console

GLOBAL_FLAGS = {"--json": "json", "--quiet": "quiet", "-q": "quiet", "--debug": "debug"}
EVERYWHERE = "Anywhere: --json (one JSON document on stdout), --quiet/-q (no notes, no progress), --debug (tracebacks)."


@dataclass(frozen=True)
class Verb:
    """One command, or group of them: its module (with `app`, a Typer), its line in the help, and under which head."""

    module: str
    help: str
    heading: str = ""


BEGIN, MARKET, TEST = "Begin", "Market data", "Test an idea"
KEPT, SESSIONS, SERVICES = "What was run", "Sessions, as if live", "Services and events"


VERBS = {
    "demo": Verb("tradewind.interfaces.cli.demo", "See the whole journey, on an invented market.", BEGIN),
    "new": Verb("tradewind.interfaces.cli.new", "Write a strategy to start from.", BEGIN),
    "init": Verb("tradewind.interfaces.cli.init", "Write a settings file to start from.", BEGIN),
    "doctor": Verb("tradewind.interfaces.cli.doctor", "Check that everything Tradewind needs is in order.", BEGIN),
    "data": Verb("tradewind.interfaces.cli.data", "Bring, list, check and make market data.", MARKET),
    "order-book": Verb("tradewind.interfaces.cli.order_book", "Check a recorded order book, and replay it.", MARKET),
    "backtest": Verb("tradewind.interfaces.cli.backtest", "Run a strategy over stored data, with a report.", TEST),
    "optimize": Verb(
        "tradewind.interfaces.cli.optimize", "Try many parameter sets of a strategy, with a report.", TEST
    ),
    "walk-forward": Verb("tradewind.interfaces.cli.walk_forward", "Choose on one stretch, try on the next.", TEST),
    "validate": Verb("tradewind.interfaces.cli.validate", "Run every check on a strategy: one verdict.", TEST),
    "lookahead": Verb(
        "tradewind.interfaces.cli.lookahead", "Check that a strategy knows nothing before its time.", TEST
    ),
    "recursive": Verb("tradewind.interfaces.cli.recursive", "Ask how much history a strategy needs.", TEST),
    "monte-carlo": Verb("tradewind.interfaces.cli.monte_carlo", "Ask whether a finished run was luck.", TEST),
    "portfolio": Verb(
        "tradewind.interfaces.cli.portfolio", "Run several strategies on one account, with a report.", TEST
    ),
    "runs": Verb("tradewind.interfaces.cli.runs", "List finished runs.", KEPT),
    "report": Verb("tradewind.interfaces.cli.report", "Find a run's report, and how to make the run again.", KEPT),
    "trials": Verb("tradewind.interfaces.cli.trials", "Say how often each market has been looked at.", KEPT),
    "lockbox": Verb("tradewind.interfaces.cli.lockbox", "Seal the last stretch of a market, and open it once.", KEPT),
    "rehearse": Verb(
        "tradewind.interfaces.cli.rehearse", "Run a recorded session, at a venue that answers by chance.", SESSIONS
    ),
    "resume": Verb("tradewind.interfaces.cli.resume", "Go on with a session that was cut off.", SESSIONS),
    "replay": Verb("tradewind.interfaces.cli.replay", "Play a recorded session again, decision by decision.", SESSIONS),
    "divergence": Verb(
        "tradewind.interfaces.cli.divergence", "Hold a session against its backtest: where, and why.", SESSIONS
    ),
    "lineage": Verb("tradewind.interfaces.cli.lineage", "Walk from an order back to its ticks and its code.", SESSIONS),
    "serve": Verb(
        "tradewind.interfaces.cli.serve", "Run services: candles, live checks, portfolios, the recorder.", SERVICES
    ),
    "accounts": Verb("tradewind.interfaces.cli.accounts", "Say what accounts hold, have and have done.", SERVICES),
    "dead-letters": Verb("tradewind.interfaces.cli.dead_letters", "Look at events that nobody could handle.", SERVICES),
    "topics": Verb("tradewind.interfaces.cli.topics", "List what events travel on, and make it in Kafka.", SERVICES),
    "upkeep": Verb(
        "tradewind.interfaces.cli.upkeep", "Make candles of ticks, pack old days, forget old events.", SERVICES
    ),
    "hold": Verb("tradewind.interfaces.cli.hold", "Keep stored events from being forgotten.", SERVICES),
}
"""In the order of the help, which keeps what has one heading together. A new command is one line and one file."""


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and imports the one that is called."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Typer's
        """Names, in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command itself, or its line only while help is written."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        if self._listing:
            return TyperCommand(name=cmd_name, help=verb.help, callback=None, rich_help_panel=verb.heading or None)
        command: Any = get_command(import_module(verb.module).app)
        command.name = cmd_name
        if getattr(ctx.find_root().obj, "json", False):  # help is no document; completion has no console
            command.no_args_is_help = False
        for each in (command, *getattr(command, "commands", {}).values()):
            each.epilog = EVERYWHERE
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help from the table alone."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first word names; a near miss is told."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = get_close_matches(args[0], VERBS, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


def build() -> Any:
    """The whole command line, as a command to make a context from."""
    root = typer.Typer(
        cls=LazyGroup,
        name="tradewind",
        help="Backtest trading strategies written as plain Python classes, on data that has been checked; "
        "run services on live events.",
        epilog=EVERYWHERE,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )

    @root.callback()
    def everything(
        version: bool = typer.Option(
            False, "--version", help="Print the version and stop.", is_eager=True, callback=_print_version
        ),
    ) -> None:
        """Only here for its options."""

    return get_command(root)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("tradewind"))
        raise typer.Exit


def console_of(ctx: typer.Context) -> Console:
    """The console that was handed to the command."""
    console = ctx.find_root().obj
    assert isinstance(console, Console)
    return console
