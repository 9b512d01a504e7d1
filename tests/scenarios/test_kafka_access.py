"""A broker that speaks only encrypted, and only to whom it knows: everybody else neither publishes nor receives."""

import asyncio
import subprocess

import pytest
from event_examples import tick
from tests.servers.kafka import kafka_brokers

from tradewind.adapters.bus.kafka_bus import KafkaBus
from tradewind.adapters.bus.kafka_place import KafkaPlace, kafka_place
from tradewind.adapters.bus.kafka_topics import describe_topics, make_topics
from tradewind.core.domain.errors import BadInput, TradewindError, Unavailable

PATIENCE_S = 30.0
REFUSED_S = 3.0
WHO = {"user": "trader", "word": "open-sesame"}


def certificates(folder):
    """An authority, a broker's certificate that it has signed, and another authority that signed nothing."""

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr"
    )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "broker.pem")  # fmt: skip
    (folder / "keystore.pem").write_text((folder / "broker.key").read_text() + (folder / "broker.pem").read_text())


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A broker, and the folder with the authority's certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    certificates(folder)
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required"
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "keystore.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": (
            f'{login} username="{WHO["user"]}" password="{WHO["word"]}";'
        ),
    }
    user = f"SCRAM-SHA-512=[name={WHO['user']},password={WHO['word']}]"
    brokers = kafka_brokers(1, settings=settings, security="SASL_SSL", scram=(user,))
    yield brokers, folder
    brokers.remove()


def test_who_is_known_publishes_and_receives_over_an_encrypted_line(guarded):
    brokers, folder = guarded
    place = kafka_place(f"kafka+tls://{WHO['user']}:{WHO['word']}@{brokers.places}?ca={folder}/ca.pem&prefix=paper.")

    async def work():
        await make_topics(place, replicas=1, in_sync_min=1, names=["price.ticks"], patience_s=PATIENCE_S)
        bus = KafkaBus(place, patience_s=PATIENCE_S)
        try:
            subscription = await bus.subscribe("g", ["price.ticks"], "m")
            await bus.publish([tick(1)])
            return await subscription.receive(1, PATIENCE_S)
        finally:
            await bus.close()

    assert [d.event for d in asyncio.run(work())] == [tick(1)]


STRANGERS = {
    "a wrong password": ("kafka+tls://trader:let-me-in@{places}", "ca.pem", BadInput),
    "a user that is not known": ("kafka+tls://nobody:open-sesame@{places}", "ca.pem", BadInput),
    "a broker that another authority signed": ("kafka+tls://trader:open-sesame@{places}", "other.pem", BadInput),
    "nobody named": ("kafka+tls://{places}", "ca.pem", TradewindError),
    "plain text": ("kafka://trader:open-sesame@{places}", None, Unavailable),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_neither_publishes_nor_receives(guarded, who):
    brokers, folder = guarded
    url, authority, expected = STRANGERS[who]
    place = KafkaPlace(url.format(places=brokers.places), ca_file=authority and folder / authority, prefix="paper.")

    async def work():
        bus = KafkaBus(place, patience_s=REFUSED_S)
        attempts = (
            bus.publish([tick(1)]),
            bus.subscribe("g", ["price.ticks"], "m"),
            describe_topics(place, patience_s=REFUSED_S),
        )
        try:
            return await asyncio.gather(*attempts, return_exceptions=True)
        finally:
            await bus.close()

    for problem in asyncio.run(work()):
        assert isinstance(problem, expected), repr(problem)
        said = str(problem)
        assert brokers.places in said
        assert "sesame" not in said
        assert "let-me-in" not in said
