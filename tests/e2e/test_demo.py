"""`tradewind demo`: the whole journey from nothing, as a newcomer runs it."""

import json
import os
import subprocess
import sys

SECONDS_MAX = 60


def test_the_demo_leads_a_newcomer_from_nothing_to_a_report(tmp_path):
    """Without a home folder, a setting or an answer, in under a minute."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND_")}
    command = [sys.executable, "-m", "tradewind.interfaces.cli.main", "demo", "--json", "here"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**environment, "HOME": str(tmp_path / "nobody")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    journey = json.loads(done.stdout)
    assert [len(found["report"]["findings"]) for found in journey["findings"]] == [0, 0, 0]
    assert len(journey["runs"]) == 3
    for run in journey["runs"]:
        assert run["synthetic"] is True
        assert run["engine"] == "compiled"
        assert run["metrics"]["trades"] > 50
        assert run["refusals"] == []
        folder = tmp_path / "here" / "runs" / run["run"]
        assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "trades.csv", "equity.csv"}
        page = (folder / "report.html").read_text(encoding="utf-8")
        assert "Synthetic data" in page
        assert run["decision_hash"] in page
    assert not (tmp_path / "nobody").exists(), "the demo keeps to its own folder"
