"""`tradewind new`: a file to start from."""

from __future__ import annotations

import keyword
import shlex
from pathlib import Path
from typing import Annotated

import typer

from tradewind.interfaces.cli.app import console_of

app = typer.Typer(help="Write a file to start from.", no_args_is_help=True, add_completion=False)

TEMPLATE = '''"""{title}: say in a sentence what it believes about the market."""

from tradewind import ATR, EMA, Strategy, param


class {name}(Strategy):
    """Long while the fast average is above the slow one, with a stop at a few average ranges."""

    fast = param(20, low=2, high=100, help="bars of the fast average")
    slow = param(50, low=10, high=400, help="bars of the slow average")
    stop_ranges = param(3.0, low=0.5, high=10.0, help="distance of the stop, in average true ranges")

    def setup(self):
        self.fast_ma = EMA(self.fast)
        self.slow_ma = EMA(self.slow)
        self.range = ATR(14)

    def on_bar(self, bar):
        if self.fast_ma.crossed_above(self.slow_ma) and self.range.ready:
            self.buy(sl=bar.close - self.stop_ranges * self.range.value)
        elif self.fast_ma.crossed_below(self.slow_ma):
            self.close()
'''


@app.callback()
def new() -> None:
    """Write a file to start from."""


@app.command()
def strategy(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as my_strategy; it becomes my_strategy.py.")],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path(),
) -> None:
    """Write a strategy that runs, to change."""
    import tradewind
    from tradewind.core.domain.errors import BadInput

    console = console_of(ctx)
    stem = name.removesuffix(".py").replace("-", "_")
    if not stem.isidentifier() or keyword.iskeyword(stem):
        raise BadInput(
            f"{name!r} cannot be the name of a strategy",
            fix="Use letters, digits and _: my_strategy; --folder says where to write it",
        )
    if _is_module(stem):
        raise BadInput(
            f"{stem}.py would hide the Python module {stem!r} from every program in its folder",
            fix=f"Choose another name: my_{stem}",
        )
    path = folder / f"{stem}.py"
    class_name = "".join(part[:1].upper() + part[1:] for part in stem.split("_") if part)
    if not class_name.isidentifier() or keyword.iskeyword(class_name) or class_name in tradewind.__all__:
        class_name = f"My{class_name}"
    if folder.exists() and not folder.is_dir():
        raise BadInput("it is a file, not a folder", where=str(folder), fix="Name a folder: --folder strategies")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(title=class_name, name=class_name))
    except FileExistsError:
        raise BadInput("there is such a file already", where=str(path), fix="Choose another name") from None
    console.result({"file": str(path), "strategy": class_name})
    console.say(f"Wrote {path}")
    console.say(f"Next: tradewind backtest {shlex.quote(str(path))}")


def _is_module(name: str) -> bool:
    """Whether Python or an installed package has a module of this name."""
    import site
    import sys
    from importlib.machinery import PathFinder

    installed = PathFinder.find_spec(name, [*site.getsitepackages(), site.getusersitepackages()])
    return name == "tradewind" or name in sys.stdlib_module_names or installed is not None
