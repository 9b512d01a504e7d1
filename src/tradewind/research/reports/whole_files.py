"""Files that are there whole or not at all, and values as JSON has them."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files by name into `folder`, which is made when it is missing. Each file is replaced as a whole.

    Raises BadInput when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            replace_file(folder / name, content)
    except OSError as error:
        raise BadInput(
            f"the report cannot be written: {error.strerror}", where=str(folder), fix="Choose another folder"
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write beside, flush to disk, then put in place: a reader sees the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """A document as JSON text, its values made plain."""
    return json.dumps(plain_values(document), indent=1, allow_nan=False, ensure_ascii=False).encode()


def plain_values(value: Any) -> Any:
    """Numbers, words, lists and tables by name as they are, arrays as lists, NaN and inf as null, the rest as text."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(name): plain_values(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(member) for member in value]
    return str(value)
