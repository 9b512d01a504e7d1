"""The edge: every way a command can end becomes an exit code, and at most one message.

0 done · 1 a bug · 2 wrong usage · 3 bad input · 4 the strategy failed · 5 unavailable · 6 disputed · 7 corrupt ·
8 and 9 a strategy that `validate` did not promote · 130 interrupted · 141 the reader of a pipe went away. `docs/cli.md`
explains them.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from tradewind.core.domain.errors import Corrupt, Disputed, Refused, StrategyFailed, TradewindError, Unavailable
from tradewind.interfaces.cli.app import GLOBAL_FLAGS, VERBS, build
from tradewind.interfaces.cli.console import BOLD, PLAIN, RED, Console, colours, json_text, shown

BUG, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141
NOTHING_LEFT = "interrupted; nothing is left half-written"
UsageError: Any = typer.BadParameter.__base__
COMPLETION_VARIABLE = "_TRADEWIND_COMPLETE"
WAYS_OUT = {
    StrategyFailed: "Correct the strategy, and run it again; --debug shows the whole traceback",
    Refused: "See tradewind{verb} --help",
    Unavailable: "Try again; what is wrong with it says tradewind doctor",
    Disputed: "Find out which of the two is true before anything is written",
    Corrupt: "Change nothing there; what else is damaged says tradewind doctor",
}
"""What to do about an error that does not say it itself: the first kind that it is."""
SYSTEM_FIXES = {
    errno.ENOSPC: "Free some disk space",
    errno.EDQUOT: "Free some of your disk quota",
    errno.EACCES: "Give yourself the right to it, or choose another folder in tradewind.toml",
    errno.EPERM: "Give yourself the right to it, or choose another folder in tradewind.toml",
    errno.EROFS: "Choose a folder that can be written in tradewind.toml",
    errno.ENAMETOOLONG: "Choose a shorter name",
}
SYSTEM_FIX = "See that it is there, and that it is what it should be: a file or a folder"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    words, flags = _split(given)
    console = Console(**flags)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(words, console)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try to flush again at exit: give it somewhere to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt as stop:
        # Work that can go on says what is done, and how.
        message, fix = (*map(str, stop.args), None)[:2] if stop.args else (NOTHING_LEFT, None)
        return _tell(console, "interrupted", message or NOTHING_LEFT, fix=fix, code=INTERRUPTED)
    except BaseException as problem:  # the edge: nothing passes it unexplained
        if isinstance(problem, SystemExit) and isinstance(problem.__context__, BrokenPipeError):
            return BROKEN_PIPE  # so rich, which prints help and tables, tells of it
        if console.debug or isinstance(problem, (SystemExit, GeneratorExit)):
            raise
        return _explain(console, problem, words)
    return code


def _run(words: list[str], console: Console) -> int:
    command = build()
    if COMPLETION_VARIABLE in os.environ:
        command.main(words, prog_name="tradewind", complete_var=COMPLETION_VARIABLE)
    try:
        with command.make_context("tradewind", words or ["--help"], obj=console) as context:
            outcome = command.invoke(context)
    except typer.Exit as leave:
        return leave.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None
    return outcome if isinstance(outcome, int) else 0


def _split(words: list[str]) -> tuple[list[str], dict[str, bool]]:
    """The flags that mean the same everywhere, taken out of wherever they stand before a `--`."""
    end = words.index("--") if "--" in words else len(words)
    rest = [word for word in words[:end] if word not in GLOBAL_FLAGS]
    return rest + words[end:], {GLOBAL_FLAGS[word]: True for word in words[:end] if word in GLOBAL_FLAGS}


def _explain(console: Console, problem: BaseException, words: Sequence[str]) -> int:
    if isinstance(problem, TradewindError):
        kind = type(problem).__name__
        usual = next((fix for each, fix in WAYS_OUT.items() if isinstance(problem, each)), None)
        verb = next((f" {word}" for word in words if word in VERBS), "")
        fix = problem.fix or (usual and usual.format(verb=verb))
        return _tell(console, kind, problem.message, problem.where, fix, code=problem.exit_code)
    if isinstance(problem, UsageError):
        return _tell_usage(console, problem)
    if isinstance(problem, OSError):
        where = os.fsdecode(problem.filename) if isinstance(problem.filename, (str, bytes)) else None
        fix = SYSTEM_FIXES.get(problem.errno or 0, SYSTEM_FIX)
        return _tell(console, "System", problem.strerror or str(problem), where, fix, code=Unavailable.exit_code)
    text = f"this is a bug in Tradewind: {type(problem).__name__}: {problem}"
    return _tell(console, "Bug", text, fix="Run the same with --debug and report the traceback", code=BUG)


def _tell_usage(console: Console, problem: Any) -> int:
    message = problem.format_message()
    if type(problem).__name__ == "NoArgsIsHelpError":  # its message is the help, which rich has printed already
        print(message, file=sys.stderr)  # noqa: T201
        return USAGE
    near = getattr(problem, "possibilities", None)
    if near:
        message = f"{problem.message.rstrip('.')}. Did you mean {' or '.join(sorted(near))}?"
    path = problem.ctx.command_path if problem.ctx else "tradewind"
    return _tell(console, "Usage", message, fix=f"See {path} --help", code=USAGE)


def _tell(
    console: Console, kind: str, message: str, where: str | None = None, fix: str | None = None, *, code: int
) -> int:
    """One message on stderr: for people what, where and what to do; with `--json` the same as one line."""
    if console.json:
        error = {"kind": kind, "message": message, "where": where, "fix": fix, "exit_code": code}
        text = json_text({"error": error})
    else:
        head = f"{RED}{BOLD}error:{PLAIN}" if colours(sys.stderr) else "error:"
        lines = [f"{head} {shown(message)}", where and f"  where: {shown(where)}", fix and f"  do:    {shown(fix)}"]
        text = "\n".join(line for line in lines if line)
    print(text, file=sys.stderr)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
