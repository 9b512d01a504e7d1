"""The compose file of three brokers: python3 deploy/kafka/compose.py makes it of the properties files."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from deploy.kafka.brokers import CLUSTER, read  # noqa: E402 - the project's folder is named above
from deploy.kafka.jars import version  # noqa: E402

BROKERS = (1, 2, 3)
TLS = "/etc/tradewind/tls"
GIVEN = "${TRADEWIND_KAFKA_TLS:?name the folder with ca.pem and the brokers' folders}"
EVERY = {
    "process.roles": "broker,controller",
    "controller.quorum.voters": ",".join(f"{n}@kafka-{n}:9095" for n in BROKERS),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "BROKERS",
    "listener.security.protocol.map": "CLIENTS:SSL,BROKERS:SSL,CONTROLLER:SSL",
    "ssl.keystore.type": "PEM",
    "ssl.keystore.location": f"{TLS}/keystore.pem",
    "ssl.truststore.type": "PEM",
    "ssl.truststore.location": f"{TLS}/ca.pem",
    "ssl.client.auth": "required",
    "log.dirs": "/var/lib/kafka/data",
}
"""What all three are told besides the properties files: everybody comes encrypted and shows a certificate."""
HEAD = """\
# Three Kafka brokers, each event on all of them: docker compose -f deploy/kafka/compose.yaml up -d
# Written by compose.py from broker.properties and three.properties. TRADEWIND_KAFKA_TLS names a folder with ca.pem and,
# for each broker, a folder kafka-1, kafka-2, kafka-3 with keystore.pem: its key, and its certificate for kafka-N and
# the host that clients use. Clients show certificates of the same authority:
#   TRADEWIND_KAFKA=kafka+tls://localhost:19093,localhost:29093,localhost:39093?ca=ca.pem&certificate=c.pem&key=key.pem
# Then, once and after each change of the catalogue: tradewind topics --make
"""


def told(number: int) -> dict[str, str]:
    """Everything that a broker is told, by Kafka's names."""
    return {
        **read(HERE / "broker.properties"),
        **read(HERE / "three.properties"),
        **EVERY,
        "node.id": str(number),
        "listeners": "CLIENTS://:9093,BROKERS://:9094,CONTROLLER://:9095",
        "advertised.listeners": (
            f"CLIENTS://${{TRADEWIND_KAFKA_HOST:-localhost}}:{number}9093,BROKERS://kafka-{number}:9094"
        ),
    }


def variable(name: str) -> str:
    """The environment variable from which the image makes a setting."""
    return "KAFKA_" + name.replace("_", "__").replace("-", "___").replace(".", "_").upper()


def text() -> str:
    """The compose file."""
    lines = [HEAD + "services:"]
    for number in BROKERS:
        lines += [
            f"  kafka-{number}:",
            f"    image: apache/kafka:{version()}",
            f"    hostname: kafka-{number}",
            "    environment:",
            f"      CLUSTER_ID: {CLUSTER}",
            *(f'      {variable(name)}: "{value}"' for name, value in sorted(told(number).items())),
            f'    ports: ["${{TRADEWIND_KAFKA_BIND:-127.0.0.1}}:{number}9093:9093"]',
            "    volumes:",
            f"      - kafka-{number}:/var/lib/kafka/data",
            f"      - {GIVEN}/ca.pem:{TLS}/ca.pem:ro",
            f"      - {GIVEN}/kafka-{number}/keystore.pem:{TLS}/keystore.pem:ro",
            "    healthcheck:",
            '      test: [CMD, bash, -c, "</dev/tcp/localhost/9094"]',
            "      interval: 5s",
            "      timeout: 3s",
            "      retries: 40",
            "    stop_grace_period: 1m",
            "    restart: unless-stopped",
        ]
    return "\n".join([*lines, "volumes:", *(f"  kafka-{number}:" for number in BROKERS)]) + "\n"


def main() -> int:
    """Write it."""
    (HERE / "compose.yaml").write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
