"""Tables out of files: CSV (plain, .gz, .zip), Parquet and Feather. Cells of a CSV file stay text here."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from tradewind.core.domain.errors import BadInput

CSV, PARQUET, FEATHER = "csv", "parquet", "feather"
FORMATS = {
    ".csv": CSV,
    ".txt": CSV,
    ".tsv": CSV,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".feather": FEATHER,
    ".arrow": FEATHER,
    ".ipc": FEATHER,
}
PACKED = (".gz", ".zip")
BYTES_MAX = 8 * 2**30
SEPARATORS = (",", ";", "\t", "|")
MARKS = {b"PAR1": PARQUET, b"ARROW1": FEATHER, b"FEA1": "feather 1", b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip"}

AGAIN = "Export or download it again"


@dataclass(frozen=True)
class Table:
    """Columns by the file's own names. `first_row` is the number people give the first row."""

    frame: pl.DataFrame
    first_row: int
    has_names: bool


def format_of(path: Path) -> str | None:
    """The format that a name promises, with .gz and .zip looked through; None where it promises none."""
    plain = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return FORMATS.get(plain.suffix.lower())


def read_table(path: Path) -> Table:
    """The table in a file. Raises BadInput for what is missing, empty, malformed or of no known format."""
    if path.is_dir() or not path.exists():
        raise _absent(path)
    data = _unpacked(path)
    if not data.strip():
        raise BadInput("the file is empty", where=str(path), fix=AGAIN)
    found = next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
    promised = FORMATS.get(path.suffix.lower()) or format_of(path) or (CSV if path.suffix.lower() in PACKED else None)
    if found == "feather 1":
        raise BadInput(
            "this is Feather version 1, which only pandas reads",
            where=str(path),
            fix=f"Write it anew: pandas.read_feather({path.name!r}).to_feather('new.feather')",
        )
    if found is None and promised in (PARQUET, FEATHER):
        raise BadInput(f"this is not a {promised} file; it begins with {data[:8]!r}", where=str(path), fix=AGAIN)
    try:
        match found or promised:
            case "parquet":
                return Table(pl.read_parquet(io.BytesIO(data)), 1, has_names=True)
            case "feather":
                return Table(pl.read_ipc(io.BytesIO(data)), 1, has_names=True)
            case "csv":
                return _csv(path, _text(path, data))
            case _:
                raise BadInput("no known kind of file", where=str(path), fix="Known are CSV, Parquet and Feather")
    except pl.exceptions.NoDataError:
        raise BadInput("the file holds no rows", where=str(path), fix=AGAIN) from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as problem:
        reason = " ".join(str(problem).split())[:160]
        raise BadInput(f"malformed {found or promised}: {reason}", where=str(path), fix=AGAIN) from None


def _absent(path: Path) -> BadInput:
    if path.is_dir():
        return BadInput("this is a folder", where=str(path), fix="Name a file in it")
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    folder = path.parent
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    near = get_close_matches(path.name, names, n=1, cutoff=0.6)
    fix = f"Did you mean {near[0]}?" if near else "Give the path to a file that is there"
    return BadInput("there is no such file", where=str(path), fix=fix)


def _unpacked(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(b"\x1f\x8b"):
                with gzip.GzipFile(fileobj=file) as inner:
                    return _bounded(inner, path)
            if start.startswith(b"PK\x03\x04"):
                return _from_zip(file, path)
            return _bounded(file, path)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
        raise BadInput(f"the file cannot be unpacked: {problem}", where=str(path), fix=AGAIN) from None


def _from_zip(file: IO[bytes], path: Path) -> bytes:
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if FORMATS.get(Path(name).suffix.lower())]
        if len(names) != 1:
            raise BadInput(
                f"expected one data file in the archive, found {len(names)}", where=str(path), fix="Unpack it"
            )
        with archive.open(names[0]) as inner:
            return _bounded(inner, path)


def _bounded(file: IO[bytes] | gzip.GzipFile, path: Path) -> bytes:
    data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise BadInput(f"the file holds more than {BYTES_MAX >> 30} GiB", where=str(path), fix="Split it")
    return data


def _text(path: Path, data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise BadInput(f"line {line} is not UTF-8 text", where=str(path), fix="Save the file as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput(f"line {line} holds a zero byte: this is no text file", where=str(path), fix=AGAIN)
    return text


def _csv(path: Path, text: str) -> Table:
    start = text[: 64 * 1024].splitlines()
    skipped = 0
    while skipped < len(start) and (not start[skipped].strip() or start[skipped].lstrip().startswith("#")):
        skipped += 1
    if skipped == len(start):
        raise BadInput("the file holds no rows", where=str(path), fix=AGAIN)
    head = start[skipped]
    separator = max(SEPARATORS, key=head.count)
    names = next(csv.reader([head], delimiter=separator))
    if len(names) < 2:
        raise BadInput(f"line {skipped + 1} has one column only: {head[:60]!r}", where=str(path), fix="Expected CSV")
    has_names = not any(_is_number(name) for name in names)
    body = text.split("\n", skipped)[skipped]
    frame = pl.read_csv(
        io.BytesIO(body.encode()), separator=separator, has_header=False, infer_schema=False, skip_rows=int(has_names)
    )
    if has_names:
        names = _distinct([name.strip() for name in names], path)
        if frame.width > len(names):
            raise BadInput(
                f"rows have {frame.width} columns, the header names {len(names)}", where=str(path), fix="Name them all"
            )
        frame.columns = names[: frame.width]
    return Table(frame, skipped + 1 + int(has_names), has_names)


def _distinct(names: list[str], path: Path) -> list[str]:
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"the header names {twice!r} twice", where=str(path), fix="Rename one of them")
    return [name or f"column {number}" for number, name in enumerate(names, 1)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.strip().lower() not in ("nan", "inf", "infinity")
