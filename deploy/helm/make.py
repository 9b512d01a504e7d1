"""What the chart holds of files that stand elsewhere: python3 deploy/helm/make.py copies them; a test compares."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEPLOY = HERE.parent
sys.path.insert(0, str(DEPLOY.parent))

from deploy.kafka.brokers import CLUSTER, read  # noqa: E402 - the project's folder is named above
from deploy.kafka.compose import EVERY  # noqa: E402

FILES = HERE / "tradewind" / "files"
COPIES = {
    "postgresql.conf": "postgres/postgresql.conf",
    "pg_hba.conf": "postgres/pg_hba.conf",
    "state.conf": "redis/state.conf",
    "cache.conf": "redis/cache.conf",
    "tls.conf": "redis/tls.conf",
    "cluster.sh": "redis/cluster.sh",
    "rules.yml": "prometheus/rules.yml",
}


def texts() -> dict[str, str]:
    """Every file of the chart that is made, by name."""
    voters = ",".join(f"{n}@kafka-{n}.kafka:9095" for n in range(3))
    told = {
        **read(DEPLOY / "kafka" / "broker.properties"),
        **read(DEPLOY / "kafka" / "three.properties"),
        **EVERY,
        "controller.quorum.voters": voters,
    }
    made = {
        "kafka.properties": "".join(f"{name}={value}\n" for name, value in sorted(told.items())),
        "kafka.cluster": f"{CLUSTER}\n",
    }
    return made | {name: (DEPLOY / path).read_text(encoding="utf-8") for name, path in COPIES.items()}


def main() -> int:
    """Write them."""
    FILES.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FILES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
