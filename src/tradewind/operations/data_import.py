"""Bring files of other programs into the catalogue: read, name, check, repair on request, store. Or refuse, whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tradewind.core.domain.data_quality import Finding, QualityReport, Severity, check_columns
from tradewind.core.domain.data_sets import DataSetInfo, Provenance
from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instants import instant_text
from tradewind.core.domain.market_data import Kind, check_symbol, series_of
from tradewind.core.domain.raw_columns import Columns
from tradewind.core.domain.repairs import Rows, repaired
from tradewind.core.domain.timeframes import timeframe_name, timeframe_ns
from tradewind.operations.file_names import Suggestion, suggestion
from tradewind.operations.progress import Progress, Silence
from tradewind.ports.data_files import DataFiles, RawRows, Reading
from tradewind.ports.market_data import MarketData, WriteMode

REASONS_MAX = 3


@dataclass(frozen=True)
class ImportRequest:
    """What is known of a file from outside it. None means: by the file's name, or by what is in it, and said so."""

    symbol: str | None = None
    timeframe: str | None = None
    kind: Kind | None = None
    reading: Reading = field(default_factory=Reading)
    repairs: tuple[str, ...] = ()
    replace: bool = False
    license: str = ""


@dataclass(frozen=True)
class Imported:
    """One file, stored: what it became, the choices that were made, and what the check found."""

    file: str
    rows_read: int
    stored: DataSetInfo
    said: tuple[str, ...]
    findings: tuple[Finding, ...]


def data_files_in(path: Path, files: DataFiles) -> list[Path]:
    """The file itself, or the data files of a folder in order of name. Raises BadInput for a folder without any."""
    if not path.is_dir():
        return [path]
    found = sorted(entry for entry in path.iterdir() if files.is_data(entry))
    if not found:
        raise BadInput(
            "the folder holds no CSV, Parquet or Feather files",
            where=str(path),
            fix="Name the folder that holds them, or one file",
        )
    return found


def import_file(
    path: Path,
    request: ImportRequest,
    *,
    catalogue: MarketData,
    files: DataFiles,
    now_ns: int,
    progress: Progress | None = None,
) -> Imported:
    """Store the rows of one file, all of them or none. Raises BadInput naming the file, the rows and the repair."""
    progress = progress or Silence()
    named = suggestion(path)
    kind = request.kind or named.kind or Kind.CANDLES
    symbol = request.symbol or named.symbol
    if symbol is None:
        if not path.exists():
            files.read(path, request.reading)  # says what is near
        raise BadInput(
            "the symbol cannot be told from the file's name", where=str(path), fix="Give it: --symbol BTC/USDT"
        )
    check_symbol(symbol)
    if request.timeframe is not None:
        timeframe_ns(request.timeframe)
    progress.stage(f"reading {path.name}")
    raw = files.read(path, replace(request.reading, kind=kind))
    rows, repairs = repaired(Rows(kind, raw.time, raw.values), request.repairs)
    if not len(rows.time):
        raise BadInput("no rows are left", where=str(path), fix="Look at the file: every row was refused or dropped")
    progress.stage(f"checking {path.name}")
    timeframe = _timeframe(path, request, named, rows) if kind is Kind.CANDLES else ""
    report = check_columns(kind, rows.time, rows.values, timeframe_ns(timeframe) if timeframe else None)
    refuse_errors(report, path, raw)
    progress.stage(f"storing {path.name}")
    stored = catalogue.write(
        series_of(kind, symbol, timeframe, {"time": rows.time, **rows.values}),
        Provenance(f"file {path.name}" + "".join(f" ({repair})" for repair in repairs), request.license),
        now_ns=now_ns,
        mode=WriteMode.OVERLAY if request.replace else WriteMode.MERGE,
    )
    said = (*_names_said(request, named, symbol, kind, timeframe), *raw.said, *repairs)
    return Imported(str(path), len(raw.time), stored, said, report.findings)


def refuse_errors(report: QualityReport, path: Path, raw: RawRows) -> None:
    """One message for everything in a file that must not be stored, with the repairs that would do."""
    errors = report.of(Severity.ERROR)
    if not errors:
        return
    reasons = "; ".join(_reason(finding, raw.first_row) for finding in errors[:REASONS_MAX])
    more = f"; and {len(errors) - REASONS_MAX} kinds more" if len(errors) > REASONS_MAX else ""
    repairs = dict.fromkeys(finding.repair for finding in errors if finding.repair)
    fix = f"To repair them as stated in the manual: --repair {','.join(repairs)}" if repairs else None
    raise BadInput(f"{reasons}{more}", where=str(path), fix=fix)


def _reason(finding: Finding, first_row: int) -> str:
    place = finding.places[0]
    at = f"row {place.row + first_row} ({instant_text(place.time_ns)}): {place.what}"
    return f"{finding.meaning}: {finding.count} times, first {at}"


def _timeframe(path: Path, request: ImportRequest, named: Suggestion, rows: Rows) -> str:
    if request.timeframe is not None:
        return timeframe_name(timeframe_ns(request.timeframe))
    usual_ns = Columns(rows.time, rows.values, None).usual_step_ns
    if usual_ns <= 0:
        if named.timeframe is None:
            raise BadInput("one row does not tell the timeframe", where=str(path), fix="Give it: --timeframe 1h")
        return named.timeframe
    if named.timeframe is not None and timeframe_ns(named.timeframe) != usual_ns:
        raise BadInput(
            f"the name says {named.timeframe}, but most rows are {usual_ns / 1e9:g} s apart",
            where=str(path),
            fix="Say which is right: --timeframe",
        )
    return timeframe_name(usual_ns)


def _names_said(request: ImportRequest, named: Suggestion, symbol: str, kind: Kind, timeframe: str) -> Iterable[str]:
    by_name = "by the file's name"
    yield f"symbol: {symbol} ({'as told' if request.symbol else by_name})"
    how = "as told" if request.kind else by_name if named.kind else "nothing else was said"
    yield f"kind: {kind} ({how})"
    if timeframe:
        how = "as told" if request.timeframe else by_name if named.timeframe else "the step of most rows"
        yield f"timeframe: {timeframe} ({how})"
