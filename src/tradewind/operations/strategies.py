"""Strategies by name: bundled ones, or classes in a person's own files."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.engine.setup import place_in
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.core.strategy.strategy import Strategy


def strategy_named(name: str) -> type[Strategy]:
    """The strategy that `name` means: `sma_cross`, `file.py` with one strategy in it, or `file.py:ClassName`.

    Raises BadInput where there is none, StrategyFailed where the file breaks.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    path, _, wanted = name.partition(":") if not Path(name).exists() else (name, "", "")
    if path.endswith(".py") or Path(path).is_file():
        return _in_file(Path(path), wanted)
    near = difflib.get_close_matches(name.lower().replace("-", "_"), STRATEGIES, 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Bundled are {', '.join(STRATEGIES)}"
    raise BadInput(f"there is no strategy {name!r}", fix=f"{hint}; or give a file: my_strategy.py")


def _in_file(path: Path, wanted: str) -> type[Strategy]:
    if not path.is_file():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.py")], 1)
        raise BadInput(
            "there is no such file",
            where=str(path),
            fix=f"Did you mean {near[0]}?" if near else "Write one: tradewind new strategy my_strategy",
        )
    module = _import(path)
    found = {
        member_name: member
        for member_name, member in vars(module).items()
        if inspect.isclass(member)
        and issubclass(member, Strategy)
        and member is not Strategy
        and member.__module__ == module.__name__
    }
    if wanted:
        if wanted not in found:
            near = difflib.get_close_matches(wanted, found, 1)
            raise BadInput(
                f"it has no strategy {wanted!r}",
                where=str(path),
                fix=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(found) or 'none'}",
            )
        return found[wanted]
    if not found:
        raise BadInput("no class in it is a Strategy", where=str(path), fix="Write class MyStrategy(Strategy): ...")
    if len(found) > 1:
        raise BadInput(
            f"{len(found)} strategies are in it", where=str(path), fix=f"Name one: {path}:{next(iter(found))}"
        )
    return next(iter(found.values()))


def _import(path: Path) -> ModuleType:
    name = f"tradewind_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BadInput:
        raise
    except SyntaxError as error:
        raise StrategyFailed(f"it is not Python: {error.msg}", where=f"{path}:{error.lineno}") from error
    except (Exception, SystemExit) as error:
        raise StrategyFailed(
            f"it cannot be imported: {type(error).__name__}: {error}", where=place_in(error, str(path))
        ) from error
    finally:
        sys.path.remove(folder)
    return module
