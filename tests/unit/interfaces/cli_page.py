"""What docs/cli.md says that a command's document holds."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")
DOCUMENTS = dict(re.findall(r"^\| `([a-z -]+)` \| (.*) \|$", PAGE[PAGE.index("## With `--json`") :], re.MULTILINE))


def keys_of(command: str) -> set[str]:
    """The names in the command's row."""
    return set(re.findall(r"`([a-z_]+)`", DOCUMENTS[command]))
