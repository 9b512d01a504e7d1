"""What the pages draw from the code is as the code is now."""

import ast
import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import drawn

ROOT = drawn.ROOT
PAGES = drawn.pages()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_drawing_of_a_page_is_stale(page):
    text = page.read_text(encoding="utf-8")
    assert drawn.drawn(text) == text, "write it again: python docs/drawn.py"
    assert text.count("<!-- drawn: ") == len(drawn.BLOCK.findall(text))


def test_every_drawing_stands_on_a_page():
    used = {name for page in PAGES for _, name, _ in drawn.BLOCK.findall(page.read_text(encoding="utf-8"))}
    assert used == set(drawn.DRAWINGS)


def test_a_stale_drawing_is_seen():
    page = "before\n<!-- drawn: run -->\nanything\n<!-- end -->\nafter\n"
    assert drawn.drawn(page) == f"before\n<!-- drawn: run -->\n{drawn.run()}<!-- end -->\nafter\n"


def calls(tree):
    """Each (caller, callee) of a call tree."""
    name, _, children = tree
    for child in children:
        yield name, child[0]
        yield from calls(child)


def source_of(name):
    """The syntax tree of a module, or of the one a function or class is in."""
    module = name
    while not (path := ROOT / "src" / "tradewind" / f"{module.replace('.', '/')}.py").exists():
        module = module.rpartition(".")[0]
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("edge", list(calls(drawn.RUN)), ids=lambda edge: f"{edge[0]} to {edge[1]}")
def test_a_call_of_the_drawing_is_in_the_callers_source(edge):
    caller, callee = edge
    module, _, wanted = callee.rpartition(".")
    tree = source_of(caller)
    imported = {
        (node.module, alias.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    called = {
        getattr(node.func, "id", getattr(node.func, "attr", ""))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }
    assert (f"tradewind.{module}", wanted) in imported
    assert wanted in called
    assert hasattr(importlib.import_module(f"tradewind.{module}"), wanted)


@pytest.mark.parametrize(("module", "product", "takers", "words"), drawn.FLOW, ids=[row[1] for row in drawn.FLOW])
def test_a_hand_over_of_the_drawing_is_in_the_source(module, product, takers, words):
    handed: dict[str, set[str]] = {}
    for node in ast.walk(source_of(module)):
        if isinstance(node, ast.Call):
            given = [inner for part in (*node.args, *node.keywords) for inner in ast.walk(part)]
            names = {getattr(inner, "id", getattr(inner, "attr", "")) for inner in given}
            handed.setdefault(getattr(node.func, "id", getattr(node.func, "attr", "")), set()).update(names)
    assert not [taker for taker in takers if product not in handed.get(taker, set())]


def test_the_drawn_rooms_are_the_folders():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = [c["layers"] for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers"]
    named = {room.rpartition(".")[2] for layers in contracts for layer in layers for room in layer.split(" | ")}
    package = ROOT / "src" / "tradewind"
    folders = {p.parent.name for p in [*package.glob("*/__init__.py"), *package.glob("core/*/__init__.py")]}
    assert named == folders | {"bootstrap"} == set(drawn.ROOMS)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_of_a_page_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_file_that_a_page_names_exists(page):
    """`core/engine/driver.py` is below the package, `tests/laws` below the root."""
    named = re.findall(
        r"`((?:interfaces|adapters|operations|research|ports|core|src|tests|docs|benchmarks)/[\w./-]*)`",
        page.read_text(encoding="utf-8"),
    )
    made = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}
    kept = [name for name in named if name.rstrip("/") not in made]
    places = (ROOT, ROOT / "src" / "tradewind")
    assert not [name for name in kept if not any((place / name).exists() for place in places)]


def test_the_guide_for_contributors_and_the_log_of_decisions_are_there():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for part in ("house", "laws", "Tests", "Commits and decisions", "Adding things"):
        assert re.search(rf"^## .*{part}", guide, re.MULTILINE), part
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    assert len(decisions) > 5
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]} "), f"{page.name} begins with its number"
        assert re.findall(r"^## (.+)$", text, re.MULTILINE)[:3] == ["Context", "Choice", "Price"], page.name
    assert len({page.name[:4] for page in decisions}) == len(decisions)
