"""Where in a person's own code an error was raised."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

STANDARD = f"{Path(os.__file__).parent.as_posix()}/"
"""Where Python's own library is: its lines are nobody's mistake."""


def place_in(error: BaseException, owner: str) -> str:
    """`Strategy.function (file.py:12)`: the last line of the user's own code in the error's traceback."""
    found = owner
    trace: Any = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        path = code.co_filename.replace("\\", "/")
        ours = "tradewind/core/" in path and "tradewind/core/strategy/bundled/" not in path
        if not ours and "/site-packages/" not in path and not path.startswith(("<", STANDARD)):
            found = f"{owner}, {code.co_name} ({path.rsplit('/', 1)[-1]}:{trace.tb_lineno})"
        trace = trace.tb_next
    return found
