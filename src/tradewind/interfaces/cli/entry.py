"""Where the command begins, before anything is loaded: Ctrl-C while that is being done is no traceback either."""

from __future__ import annotations

import sys

INTERRUPTED = 130
SAID = "error: interrupted before it began\n"
SAID_JSON = (
    '{"error": {"kind": "interrupted", "message": "interrupted before it began", "where": null, "fix": null, '
    f'"exit_code": {INTERRUPTED}}}}}\n'
)


def main() -> int:
    """Load the command line and run it; its exit code."""
    try:
        from tradewind.interfaces.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write(SAID_JSON if "--json" in sys.argv else SAID)
        return INTERRUPTED
