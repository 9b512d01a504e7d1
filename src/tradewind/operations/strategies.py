"""Strategies by name: bundled ones, or classes in a person's own files."""

from __future__ import annotations

import difflib
import inspect
import sys
from pathlib import Path
from types import ModuleType

from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.core.strategy.strategy import Strategy


def strategy_named(name: str) -> type[Strategy]:
    """The strategy that `name` means: `sma_cross`, `file.py` with one strategy in it, or `file.py:ClassName`.

    Raises BadInput where there is none, StrategyFailed where the file breaks.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    path, _, wanted = (name, "", "") if _found(Path(name)) else name.partition(":")
    if path.endswith(".py") or _found(Path(path)) == "file":
        return _in_file(Path(path), wanted)
    near = difflib.get_close_matches(name.lower().replace("-", "_"), STRATEGIES, 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Bundled are {', '.join(STRATEGIES)}."
    raise BadInput(f"there is no strategy {name!r}", fix=f"{hint} A file of yours is given as my_strategy.py")


def _found(path: Path) -> str:
    """`file`, `folder`, or nothing of the kind."""
    try:
        return "file" if path.is_file() else "folder" if path.is_dir() else ""
    except OSError:  # a name longer than any file's
        return ""


def _in_file(path: Path, wanted: str) -> type[Strategy]:
    if _found(path) == "folder":
        raise BadInput("it is a folder, not a file", where=str(path), fix=f"Name a file in it: {path / 'mine.py'}")
    if not _found(path):
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.py")], 1, 0.7)
        raise BadInput(
            "there is no such file",
            where=str(path),
            fix=f"Did you mean {near[0]}?" if near else "Write one: tradewind new strategy my_strategy",
        )
    found = _strategies_in(_import(path))
    if wanted:
        if wanted not in found:
            near = difflib.get_close_matches(wanted, found, 1)
            raise BadInput(
                f"it has no strategy {wanted!r}",
                where=str(path),
                fix=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(found) or 'none'}",
            )
        return found[wanted]
    # A class that another one in the file builds on is no choice of its own.
    meant = [a for a in found.values() if not any(a is not b and issubclass(b, a) for b in found.values())]
    if not meant:
        raise BadInput("no class in it is a Strategy", where=str(path), fix="Write class MyStrategy(Strategy): ...")
    if len(meant) > 1:
        raise BadInput(
            f"{len(meant)} strategies are in it: {', '.join(a.__name__ for a in meant)}",
            where=str(path),
            fix=f"Name one: {path}:{meant[0].__name__}",
        )
    return meant[0]


def _strategies_in(module: ModuleType) -> dict[str, type[Strategy]]:
    """The strategies that are written in a module; those it imports are not its own."""
    return {
        name: member
        for name, member in vars(module).items()
        if inspect.isclass(member) and issubclass(member, Strategy) and member.__module__ == module.__name__
    }


def _import(path: Path) -> ModuleType:
    """Run a person's file. Its folder is looked in for what it imports, first while it runs and last afterwards."""
    full = path.resolve()
    module = ModuleType(f"tradewind_user_{path.stem}")
    module.__file__ = str(full)
    folder = str(full.parent)
    sys.path.insert(0, folder)
    sys.modules[module.__name__] = module
    # Python's own cache goes by the second of a file's last change: a quick edit would run the old code.
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        exec(compile(full.read_bytes(), str(full), "exec"), module.__dict__)  # noqa: S102  (what the person asked for)
    except TradewindError:
        raise
    except (SyntaxError, ValueError, UnicodeError) as error:
        raise _not_python(error, path) from error
    except (Exception, SystemExit) as error:
        known = isinstance(error, ModuleNotFoundError)
        raise StrategyFailed(
            f"it cannot be imported: {type(error).__name__}: {error}",
            where=_line_of(error, path),
            fix="Install that package, or put the module beside this file" if known else TRACEBACK,
        ) from error
    finally:
        sys.dont_write_bytecode = writes
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.append(folder)
    return module


TRACEBACK = "Run with --debug for the traceback"


def _not_python(error: Exception, path: Path) -> StrategyFailed:
    """The file, or one that it imports, cannot be read as Python; or it raised a ValueError of its own."""
    if not isinstance(error, SyntaxError) and error.__traceback__ and error.__traceback__.tb_next:
        return StrategyFailed(
            f"it cannot be imported: {type(error).__name__}: {error}", where=_line_of(error, path), fix=TRACEBACK
        )
    message, place = str(error), str(path)
    if isinstance(error, SyntaxError):
        message = error.msg
        file = path if error.filename == str(path.resolve()) else Path(error.filename or path)
        place = f"{file}:{error.lineno}" if error.lineno else str(file)
    return StrategyFailed(f"it is not Python: {message}", where=place, fix="Correct it there")


def _line_of(error: BaseException, path: Path) -> str:
    """`mine.py:3`: the last line of the person's own files in the error's traceback."""
    place, trace = str(path), error.__traceback__
    folder = path.resolve().parent
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file == path.resolve():
            place = f"{path}:{trace.tb_lineno}"
        elif folder in file.parents and "site-packages" not in file.parts:
            place = f"{file.relative_to(folder)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
