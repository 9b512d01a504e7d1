"""How Kafka is reached: address, encryption, who we are, and what its errors mean to a caller."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote

from tradewind.core.domain.errors import BadInput, TradewindError, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

T = TypeVar("T")
PORT = 9092
SCHEMES = {"kafka": False, "kafka+tls": True}
"""Whether what is sent is encrypted."""
PROTOCOLS = {
    (False, False): "PLAINTEXT",
    (False, True): "SASL_PLAINTEXT",
    (True, False): "SSL",
    (True, True): "SASL_SSL",
}
"""Kafka's word for encrypted, logged in."""
MECHANISM = "SCRAM-SHA-512"
"""How a user proves who they are without sending the password."""
FILES = {"ca": "ca_file", "certificate": "certificate_file", "key": "key_file"}
RECONNECT_MS_MAX = 1_000
NOT_LET_IN = (
    "_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED", "_SSL",
)  # fmt: skip
NO_TOPIC = ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION")
MOVING = ("NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "KAFKA_STORAGE_ERROR")
"""Why a broker says nothing of a partition that is new or goes from one broker to another, and soon can."""
MOVING_S = 0.1
MAKE_TOPICS = "Make the topics first: tradewind topics --make"


@dataclass(frozen=True)
class KafkaPlace:
    """Where Kafka is: `kafka://host:9092,host:9092`, `kafka+tls://user:password@host:9093` encrypted.

    `ca_file` is whose signature the brokers' certificates must bear (else one the system trusts); `certificate_file`
    and `key_file` are who we are, where the brokers ask. `prefix` stands before the names of topics and groups, so that
    several installations share a cluster.
    """

    url: str
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    prefix: str = ""

    @property
    def shown(self) -> str:
        """The place without who may enter: for messages."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"


def kafka_place(text: str) -> KafkaPlace:
    """The place that a setting names: a URL, and after `?` what is said besides: `ca=FILE&certificate=FILE&key=FILE`,
    `prefix=paper.`. Raises BadInput.
    """
    url, _, rest = text.partition("?")
    said = dict(parse_qsl(rest, keep_blank_values=True))
    shown = KafkaPlace(url).shown
    if unknown := sorted(said.keys() - {*FILES, "prefix"}) or (not said and [rest] if rest else []):
        raise BadInput(
            f"{unknown[0]!r} is not known", where=shown, fix="After ? there may be ca, certificate, key, prefix"
        )
    prefix = said.pop("prefix", "")
    if not re.fullmatch(r"[a-zA-Z0-9._-]{0,60}", prefix):
        raise BadInput(f"{prefix!r} cannot stand before a topic's name", where=shown, fix="Letters, digits, . _ -")
    return KafkaPlace(url, prefix=prefix, **{FILES[name]: Path(file) for name, file in said.items()})


def client_settings(place: KafkaPlace, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """What every client is told. Raises BadInput for a place that is none, or where the library is missing."""
    try:
        import confluent_kafka  # noqa: F401, PLC0415 - optional
    except ImportError:
        raise BadInput("the Kafka library is not installed", fix="Install it: pip install 'tradewind[kafka]'") from None
    scheme, _, rest = place.url.partition("://")
    who, _, hosts = rest.rpartition("@")
    user, _, password = who.partition(":")
    places = [host if ":" in host else f"{host}:{PORT}" for host in hosts.split(",")]
    if scheme not in SCHEMES or not all(_is_address(p) for p in places) or bool(user) != bool(password):
        raise BadInput(
            "this is no place of a Kafka cluster",
            where=place.shown,
            fix="Write kafka://host:9092,host:9092, or kafka+tls://user:password@host:9093 where it is encrypted",
        )
    settings: dict[str, Any] = {
        "bootstrap.servers": ",".join(places),
        "security.protocol": PROTOCOLS[SCHEMES[scheme], bool(user)],
        "client.id": "tradewind",
        "reconnect.backoff.max.ms": RECONNECT_MS_MAX,
        "socket.keepalive.enable": True,
        "error_cb": on_error,
        # What goes wrong is raised where it matters; the library would also write it on stderr.
        "log_level": 0,
    }
    if user:
        settings |= {"sasl.mechanism": MECHANISM, "sasl.username": unquote(user), "sasl.password": unquote(password)}
    if SCHEMES[scheme]:
        files = {
            "ssl.ca.location": place.ca_file,
            "ssl.certificate.location": place.certificate_file,
            "ssl.key.location": place.key_file,
        }
        settings |= {name: _file(path, place) for name, path in files.items() if path is not None}
    return settings


def meant(error: KafkaError, place: KafkaPlace) -> TradewindError:
    """What one of the library's errors means: BadInput where trying again cannot help, else Unavailable."""
    name, said = error.name(), error.str()
    if name in NOT_LET_IN:
        return BadInput(
            f"Kafka does not let us in: {said}", where=place.shown, fix="Correct user, password and certificates"
        )
    if name in NO_TOPIC:
        return BadInput(f"a topic is not there: {said}", where=place.shown, fix=MAKE_TOPICS)
    if name == "MSG_SIZE_TOO_LARGE":
        return BadInput(f"an event is too large for Kafka: {said}", where=place.shown, fix="Raise message.max.bytes")
    return Unavailable(f"Kafka does not answer: {said}", where=place.shown)


def while_moving(ask: Callable[[], T], patience_s: float) -> T:
    """What a broker says of a partition, asked again while it is on its way between brokers. Blocks."""
    from confluent_kafka import KafkaException  # noqa: PLC0415 - optional

    deadline = time.monotonic() + patience_s
    while True:
        try:
            return ask()
        except KafkaException as problem:
            if problem.args[0].name() not in MOVING or time.monotonic() > deadline:
                raise
            time.sleep(MOVING_S)


class Trouble:
    """The last that a client said went wrong on its own account, outside any call of ours."""

    def __init__(self) -> None:
        self.last: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Keep it; that we are not let in is kept over what follows from it."""
        if self.last is None or self.last.name() not in NOT_LET_IN:
            self.last = error

    def over(self) -> None:
        """All is well again."""
        self.last = None

    def explains(self, error: KafkaError) -> KafkaError:
        """The cause of an error that only says that time has run out."""
        refused = self.last is not None and self.last.name() in NOT_LET_IN
        return self.last if refused and self.last is not None and error.name() not in NO_TOPIC else error

    @property
    def refused(self) -> KafkaError | None:
        """That we are not let in, where that is so."""
        return self.last if self.last is not None and self.last.name() in NOT_LET_IN else None


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdigit() and 0 < int(port) < 65_536 and not any(c in host for c in "/?#@ ")


def _file(path: Path, place: KafkaPlace) -> str:
    if not path.is_file():
        raise BadInput(f"there is no file {path}", where=place.shown, fix="Name the PEM file")
    return str(path)
