"""The house is built as the architecture says: rooms, names, sizes, and nothing in it that belongs elsewhere."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tradewind"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

ROOMS = {
    "": {"adapters", "core", "interfaces", "messaging", "observability", "operations", "ports", "research", "trading"},
    "adapters": {
        "book_recordings",
        "bus",
        "cache",
        "event_store",
        "lockbox",
        "market_data",
        "runs",
        "sqlite",
        "sweeps",
        "telemetry",
        "trials",
    },
    "core": {"compiler", "domain", "engine", "indicators", "performance", "strategy"},
    "core/engine": {"books"},
    "core/domain": {"events"},
    "core/indicators": {"smart_money"},
    "core/strategy": {"bundled"},
    "interfaces": {"cli"},
    "research": {"reports"},
    "trading": {"sessions"},
}
"""Every folder of the package that holds modules. A new room is a line here and one in docs/architecture.md."""

LINES_MAX = 400
LONGER: dict[str, str] = {}
"""Files over the limit, with the reason."""
NAMELESS = {"utils", "util", "helper", "helpers", "manager", "managers", "base", "common", "misc"}

# Put together from pieces, so that this file does not hold what it looks for.
ELSEWHERE = {
    "a package registry": re.compile(
        r"pypi\." + r"org|files\.python" + r"hosted|registry\.npm" + r"js|index-" + r"url =", re.IGNORECASE
    ),
    "a path of one machine": re.compile(r"(?<![\w./])/(work|root|home)/" + r"\w|/tmp/" + r"\w"),
    "a private key": re.compile("-----BEGIN " + r"[A-Z ]*PRIVATE KEY-----"),
    "an access key": re.compile(
        r"\b(AKIA|ASIA)" + r"[0-9A-Z]{16}\b|\bgh[pousr]_" + r"\w{30,}|\bsk-" + r"[A-Za-z0-9]{32,}"
    ),
    "a password or token": re.compile(
        r"""(?i)\b(api_?key|secret|password|passwd|token)\w*\s*[:=]\s*["'][A-Za-z0-9+/_\-]{16,}["']"""
    ),
}


def tracked() -> list[Path]:
    """The files that git keeps, or, where this is no git checkout, those that are there."""
    try:
        said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        folders = ("src", "tests", "docs", "benchmarks", "examples", "requirements")
        return [
            path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md", ".txt"}
        ]
    return [path for name in said.split("\0") if name and (path := ROOT / name).is_file()]


def modules() -> list[Path]:
    return sorted(path for path in tracked() if path.suffix == ".py" and path.is_relative_to(PACKAGE))


def test_the_folders_are_the_rooms_of_the_architecture():
    found: dict[str, set[str]] = {}
    for folder in {module.parent for module in modules()}:
        if folder != PACKAGE:
            above = folder.parent.relative_to(PACKAGE).as_posix()
            found.setdefault("" if above == "." else above, set()).add(folder.name)
    assert found == ROOMS


def test_every_room_is_a_package():
    assert not [p for folder in {m.parent for m in modules()} if not (p := folder / "__init__.py").exists()]


def test_every_room_is_named_on_the_architecture_page():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert not [room for rooms in ROOMS.values() for room in rooms if room not in page]


def test_no_file_is_longer_than_a_reader_can_hold():
    lengths = {p.relative_to(PACKAGE).as_posix(): p.read_text(encoding="utf-8").count("\n") for p in modules()}
    assert {name: n for name, n in lengths.items() if n > LINES_MAX and name not in LONGER} == {}
    assert not [name for name in LONGER if lengths.get(name, 0) <= LINES_MAX], "no longer needs its exception"


def test_every_module_has_a_name_that_says_something():
    files = [*modules(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]
    parts = {part for f in files for part in (f.stem, f.parent.name)}
    assert not parts & NAMELESS


def test_every_module_says_what_it_is_for():
    silent = [p for p in modules() if p.read_text(encoding="utf-8").strip() and not ast.get_docstring(parsed(p))]
    assert not silent


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_a_port_is_a_protocol_and_has_an_adapter_behind_it():
    ports = {p.stem: p for p in (PACKAGE / "ports").glob("*.py") if p.stem != "__init__"}
    bootstrap = (PACKAGE / "bootstrap.py").read_text(encoding="utf-8")
    assert ports
    for name, path in ports.items():
        protocols = {
            node.name
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") == "Protocol" for base in node.bases)
        }
        # One of the file's own name, and at most one more for what it hands out, such as a bus's subscription.
        assert name.title().replace("_", "") in protocols, f"ports/{name}.py holds {protocols}"
        assert len(protocols) <= 2, f"ports/{name}.py holds {protocols}"
        assert f"from tradewind.ports.{name} import" in bootstrap, f"bootstrap.py hands out no {name}"


def test_the_core_opens_no_file_but_in_the_compilers_cache():
    openers = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink"}
    for path in (PACKAGE / "core").rglob("*.py"):
        if path.parent.name == "compiler":
            continue
        called = {
            getattr(node.func, "id", getattr(node.func, "attr", "")): node.lineno
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Call)
        }
        assert not openers & set(called), f"{path.relative_to(ROOT)} does input or output"


def test_the_import_contracts_are_there_and_kept():
    contracts = SETTINGS["tool"]["importlinter"]["contracts"]
    assert [c["type"] for c in contracts].count("layers") == 2
    assert [c["type"] for c in contracts].count("forbidden") == 2
    assert not [c["name"] for c in contracts if c.get("ignore_imports")], "a contract with holes is none"
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what", ELSEWHERE)
def test_no_file_holds(what):
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0][:40]}" for match in ELSEWHERE[what].finditer(text)]
    assert not found


def test_what_is_looked_for_would_be_found():
    examples = {
        "a package registry": "https://pypi" + ".org/simple",
        "a path of one machine": 'open("/' + 'work/main/x")',
        "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
        "an access key": "AKIA" + "ABCDEFGHIJKLMNOP",
        "a password or token": 'api_key = "' + 'abcdefghij0123456789"',
    }
    assert set(examples) == set(ELSEWHERE)
    for what, example in examples.items():
        assert ELSEWHERE[what].search(example), what


def test_every_pinned_dependency_has_its_hashes():
    for name in ("run.txt", "dev.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
        assert len(entries) > 10
        assert not [e.partition(" ")[0] for e in entries if "==" not in e or "--hash=sha256:" not in e]


def test_both_commands_install_by_hash_alone():
    installs = re.findall(r"(?:pip|\$\(PIP\)) install (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert len(installs) >= 3
    for options in installs:
        own = "--no-deps --no-build-isolation -e ." in options
        assert own or re.search(r"--require-hashes -r requirements/\w+\.txt$", options), options


def test_only_the_research_core_is_installed_without_an_extra():
    assert {re.match(r"[\w-]+", d)[0] for d in SETTINGS["project"]["dependencies"]} == {
        "apsw", "jinja2", "llvmlite", "markupsafe", "msgspec", "numba", "numpy", "polars", "rich", "typer",
        "uuid-utils",
    }  # fmt: skip
    assert {"kafka", "postgres", "redis", "live", "ai", "server"} <= set(SETTINGS["project"]["optional-dependencies"])


def test_the_whole_gate_is_what_ci_runs():
    assert re.search(r"^make check$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^check: lint types layers test\b", makefile, re.MULTILINE)
    for line in ("ruff check .", "ruff format --check .", "deptry src", "mypy", "lint-imports", "pytest -n auto --cov"):
        assert line in makefile
    assert SETTINGS["tool"]["coverage"]["report"]["fail_under"] >= 90
    assert SETTINGS["tool"]["mypy"]["strict"] is True
    assert {"C90", "D1", "S", "B", "PL", "BLE"} <= set(SETTINGS["tool"]["ruff"]["lint"]["select"])
    assert SETTINGS["tool"]["ruff"]["lint"]["mccabe"]["max-complexity"] <= 14
    assert SETTINGS["tool"]["pytest"]["ini_options"]["filterwarnings"] == ["error"]
