"""The image is made of files that there are, of pinned packages, the same ones as are tested."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
SERVES = ("kafka", "postgres", "redis")


def pinned(name):
    """Packages of a lock file with their versions; each must have hashes."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([^\s\\]+)(?: ; [^\\]*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))
    return dict(found)


def test_what_is_copied_is_there_and_is_let_through_to_the_builder():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        word for line in LINES if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert path in let_through


def test_what_serves_is_installed_by_hash_in_the_versions_that_are_tested():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = {re.split(r"[><=]", one)[0] for name in SERVES for one in extras[name]}
    here, tested = pinned("serve.txt"), pinned("dev.txt")
    assert {name: here[name] for name in wanted} == {name: tested[name] for name in wanted}
    assert pinned("run.txt").items() <= here.items(), "the rest is what everybody has"


def test_it_runs_as_nobody_in_particular():
    users = [line.split()[1] for line in LINES if line.startswith("USER ")]
    assert users == ["10001:10001"]
    roles = (ROOT / "deploy" / "helm" / "tradewind" / "templates" / "roles.yaml").read_text(encoding="utf-8")
    assert "runAsUser: 10001" in roles
