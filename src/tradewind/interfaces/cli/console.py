"""What a command says: results on stdout, everything else on stderr.

For people `say` and `table` print; with `--json` they are silent and `result` prints one JSON document instead. Notes
and progress go to stderr, progress only where that is a terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from tradewind.operations.progress import Progress, Silence

WIDTH_PIPED = 160
RED, YELLOW, BOLD, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True)
class Console:
    """The mouth of a command. `quiet` drops notes and progress, `debug` lets tracebacks through."""

    json: bool = False
    quiet: bool = False
    debug: bool = False

    def say(self, text: str = "") -> None:
        """One or more lines for people."""
        if not self.json:
            print(shown(text), file=sys.stdout)  # noqa: T201 - this is the place that prints

    def note(self, text: str) -> None:
        """A remark that is no result: what was assumed, what comes next."""
        if not self.quiet:
            print(shown(text), file=sys.stderr)  # noqa: T201

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
        """Rows under headers; numbers (and None, shown as a dash) stand on the right."""
        if self.json:
            return
        from rich.table import Table
        from rich.text import Text

        rows = [list(row) for row in rows]
        table = Table(title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False)
        for column, header in enumerate(headers):
            numeric = bool(rows) and all(isinstance(row[column], (int, float, type(None))) for row in rows)
            table.add_column(header, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell_text(cell)) for cell in row))
        self._rich(sys.stdout).print(table)

    def result(self, result: Any) -> None:
        """The outcome as one JSON document, with `--json`. NaN and infinity become null."""
        if self.json:
            print(json_text(result), file=sys.stdout)  # noqa: T201

    @contextmanager
    def progress(self, *stages: str) -> Iterator[Progress]:
        """Stages of long work with the time that is left. `stages` are the names to expect, in order."""
        if self.quiet or not sys.stderr.isatty():
            yield Silence()
            return
        from tradewind.interfaces.cli.progress_bar import ProgressBar

        with ProgressBar(self._rich(sys.stderr), stages) as bar:
            yield bar

    def _rich(self, stream: TextIO) -> Any:
        from rich.console import Console as RichConsole

        return RichConsole(file=stream, highlight=False, markup=False, width=None if stream.isatty() else WIDTH_PIPED)


def shown(text: str) -> str:
    """Text as a terminal may have it: what does not print (escape sequences in a file's name, say) is spelled out."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def cell_text(cell: object) -> str:
    """A table's cell: thousands apart, a dash for what is undefined."""
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN is not itself
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.6g}" if isinstance(cell, float) else shown(str(cell))


def json_text(result: Any) -> str:
    """A JSON document, indented."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(result, enc_hook=_plain), indent=2).decode()


def colours(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose owner wants colours."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise NotImplementedError(type(value).__name__)
