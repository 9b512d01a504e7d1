"""`tradewind data`: bring, list, check and make market data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of
from tradewind.interfaces.cli.data_download import download
from tradewind.interfaces.cli.data_feeds import feeds
from tradewind.interfaces.cli.data_making import generate, remove, resample, show
from tradewind.interfaces.cli.data_publish import publish
from tradewind.interfaces.cli.data_shown import kind_named, list_findings, list_sets, note_seals

app = typer.Typer(help="Bring, list, check and make market data.", no_args_is_help=True, add_completion=False)

Symbol = Annotated[
    str | None, typer.Option("--symbol", "-s", help="Such as BTC/USDT, or BTC/USDT:USDT for a perpetual.")
]
Timeframe = Annotated[str | None, typer.Option("--timeframe", "-t", help="Such as 1m, 5m, 1h, 1d.")]
KindName = Annotated[str | None, typer.Option("--kind", "-k", help="candles, funding or mark.")]


@app.command("import")
def import_(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="CSV, Parquet or Feather files, .gz or .zip too, or folders.")],
    *,
    symbol: Symbol = None,
    timeframe: Timeframe = None,
    kind: KindName = None,
    columns: Annotated[str, typer.Option("--map", help="Our names to the file's: time=Opened,open=First,...")] = "",
    zone: Annotated[str | None, typer.Option("--tz", help="Zone of times that carry none: UTC, Europe/Berlin.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of times that are numbers: s, ms, us or ns.")] = None,
    time_format: Annotated[str | None, typer.Option(help="Format of times that are text: '%d/%m/%Y %H:%M'.")] = None,
    repair: Annotated[str, typer.Option(help="sort,drop-duplicates,keep-last,drop-rows,widen-ohlc.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Where stored rows disagree, the file's rows win.")
    ] = False,
    license_note: Annotated[str, typer.Option("--license", help="A note on the data's licence, kept with it.")] = "",
) -> None:
    """Bring files of other programs into the catalogue. What is taken for what is said; bad rows are refused."""
    from tradewind import bootstrap
    from tradewind.core.domain.errors import BadInput
    from tradewind.interfaces.cli.clock import now_ns
    from tradewind.operations.data_import import Imported, ImportRequest, data_files_in, import_file
    from tradewind.ports.data_files import Reading

    console = console_of(ctx)
    request = ImportRequest(
        symbol=symbol,
        timeframe=timeframe,
        kind=kind_named(kind),
        reading=Reading(columns=_mapping(columns), zone=zone, unit=unit, time_format=time_format),
        repairs=tuple(name.strip() for name in repair.split(",") if name.strip()),
        replace=replace,
        license=license_note,
    )
    files, catalogue = bootstrap.open_data_files(), bootstrap.open_catalogue()
    found = [file for path in paths for file in data_files_in(path, files)]
    imported: list[Imported] = []
    refused: list[BadInput] = []
    with console.progress() as progress:
        for path in found:
            try:
                imported.append(
                    import_file(path, request, catalogue=catalogue, files=files, now_ns=now_ns(), progress=progress)
                )
            except BadInput as problem:
                if len(found) == 1:
                    raise
                refused.append(problem)
    for file in imported:
        console.note(f"{file.file}: {file.rows_read:,} rows")
        for said in file.said:
            console.note(f"  {said}")
    console.result(
        {"imported": imported, "refused": [{"message": p.message, "where": p.where, "fix": p.fix} for p in refused]}
    )
    list_sets(console, [each.stored for each in imported], "Stored")
    list_findings(console, [(str(each.stored.key), each.findings) for each in imported])
    if refused:
        for reason in refused:
            console.note(f"refused {reason}")
        raise BadInput(
            f"{len(refused)} of {len(found)} files were refused: {refused[0]}",
            fix="Correct these files, or import the others one by one",
        )


@app.command("list")
def list_(ctx: typer.Context, symbol: Symbol = None, kind: KindName = None) -> None:
    """What is stored."""
    from tradewind import bootstrap
    from tradewind.operations.data import data_sets

    console, catalogue = console_of(ctx), bootstrap.open_catalogue()
    sets, damaged = data_sets(catalogue, symbol, kind_named(kind)), catalogue.damaged()
    console.result({"data_sets": sets, "damaged": damaged})
    list_sets(console, sets)
    note_seals(console, catalogue, (each.key.symbol for each in sets))
    if not sets:
        console.note(
            "Nothing is stored yet. Bring some: tradewind data import FILE, or make some: tradewind data generate"
        )
    for place, reason in damaged.items():
        console.note(f"damaged: {place}: {reason}. Remove the file and import the data again")


@app.command()
def check(ctx: typer.Context, symbol: Symbol = None, timeframe: Timeframe = None, kind: KindName = None) -> None:
    """Gaps, duplicates, disorder, bad candles, spikes, stale runs: how many, where, and what a backtest does."""
    from tradewind import bootstrap
    from tradewind.operations.data import check_sets, chosen

    console, catalogue = console_of(ctx), bootstrap.open_catalogue()
    checked = check_sets(catalogue, chosen(catalogue, symbol, timeframe, kind_named(kind)))
    console.result({"checked": checked})
    for each in checked:
        if not each.report.findings:
            console.say(f"{each.stored.key}: {each.report.rows:,} rows, nothing found")
    list_findings(console, [(str(each.stored.key), each.report.findings) for each in checked])
    note_seals(console, catalogue, (each.stored.key.symbol for each in checked))


def _mapping(text: str) -> dict[str, str]:
    from tradewind.core.domain.errors import BadInput

    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if any(not ours.strip() or not theirs.strip() for ours, _, theirs in pairs):
        raise BadInput(
            f"--map cannot read {text!r}", fix="Write our name, =, the file's name: --map time=Opened,open=First"
        )
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


for function in (download, generate, resample, show, remove, publish, feeds):
    app.command()(function)
