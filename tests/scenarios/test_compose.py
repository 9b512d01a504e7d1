"""What the compose files tell servers is told to real ones, as their images tell it, without containers."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from deploy.kafka import compose
from deploy.kafka.brokers import Broker, free_port
from tests.servers.kafka import must_run
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer, until

from tradewind.adapters.bus.kafka_place import kafka_place
from tradewind.adapters.bus.kafka_topics import describe_topics, make_topics, wanted_topics
from tradewind.adapters.cache.redis_nodes import describe
from tradewind.core.domain.errors import TradewindError
from tradewind.ports.cache import Role

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted(DEPLOY.glob("*/compose.yaml"))
PATIENCE_S = 90.0
WORD = "not-so-secret"


def services(folder):
    return yaml.safe_load((DEPLOY / folder / "compose.yaml").read_text(encoding="utf-8"))["services"]


def test_one_file_brings_all_of_them():
    whole = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert sorted(DEPLOY / path for path in whole["include"]) == FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_service_is_pinned_looked_after_reached_from_here_only_and_knows_no_secret(file):
    text = file.read_text(encoding="utf-8")
    for name, service in yaml.safe_load(text)["services"].items():
        assert re.fullmatch(r"[\w/.-]+:[\w.-]*\d[\w.-]*", service["image"]), name
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]
        assert all("127.0.0.1" in port for port in service["ports"])
        for mount in service["volumes"]:
            if mount.startswith("./"):
                assert (file.parent / mount.split(":")[0]).is_file(), mount
                assert mount.endswith(":ro")
        variables = service.get("environment", {})
        assert not [v for v in variables if "PASSWORD" in v and not v.endswith("_FILE")]


def certificates(folder, *names):
    """An authority, and for each name a key and a certificate for this machine."""

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, cwd=folder)

    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", 2,
            "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    for name in names:
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", 2, "-extfile", "names")  # fmt: skip
        for path in (folder / f"{name}.key", folder / f"{name}.pem"):
            path.chmod(0o644)


def test_the_file_of_kafka_is_made_from_what_brokers_are_told():
    assert (DEPLOY / "kafka" / "compose.yaml").read_text(encoding="utf-8") == compose.text()


def told(service):
    """The settings that the image makes of a service's variables."""
    found = {}
    for name, value in service["environment"].items():
        if name.startswith("KAFKA_"):
            words = name.removeprefix("KAFKA_").lower()
            found[words.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")] = value
    return found


@pytest.fixture
def brokers(tmp_path):
    """Three brokers that are told what the compose file says, each name a port of this machine."""
    must_run()
    certificates(tmp_path, "keystore", "client")
    store = tmp_path / "keystore.pem"
    store.write_text((tmp_path / "keystore.key").read_text() + store.read_text())
    found, ports = [], {}
    for number, service in enumerate(services("kafka").values(), 1):
        ports |= {f"kafka-{number}:9094": free_port(), f"kafka-{number}:9095": free_port()}
        ports[f"${{TRADEWIND_KAFKA_HOST:-localhost}}:{number}9093"] = free_port()
        found.append((number, told(service)))
    running = []
    try:
        for number, settings in found:
            here = {":9094": f"kafka-{number}:9094", ":9095": f"kafka-{number}:9095"}
            here[":9093"] = f"${{TRADEWIND_KAFKA_HOST:-localhost}}:{number}9093"
            settings["listeners"] = re.sub(r"//(:\d+)", lambda m, h=here: f"//{h[m[1]]}", settings["listeners"])
            folder = tmp_path / str(number)
            broker = Broker(number, folder, ports[here[":9093"]], ports[here[":9095"]])
            settings |= {"log.dirs": str(folder / "data"), "log.cleaner.dedupe.buffer.size": "4194304"}
            for name, value in settings.items():
                settings[name] = value.replace(compose.TLS, str(tmp_path))
                for place, port in ports.items():
                    settings[name] = settings[name].replace(place, f"127.0.0.1:{port}")
            broker.format(settings, ())
            running.append(broker.start())
        for broker in running:
            broker.wait()
        yield [broker.place for broker in running], tmp_path
    finally:
        for broker in running:
            broker.kill()


def test_kafkas_settings_make_three_brokers_that_only_let_in_who_shows_a_certificate(brokers):
    places, folder = brokers
    ca, ours = f"ca={folder}/ca.pem", f"certificate={folder}/client.pem&key={folder}/client.key"
    known = kafka_place(f"kafka+tls://{','.join(places)}?{ca}&{ours}")
    stranger = kafka_place(f"kafka+tls://{','.join(places)}?{ca}")

    async def work():
        await make_topics(known, patience_s=PATIENCE_S)
        found = await describe_topics(known, patience_s=PATIENCE_S)
        with pytest.raises(TradewindError):
            await describe_topics(stranger, patience_s=5.0)
        return found

    assert asyncio.run(work()) == wanted_topics()


def test_postgres_is_set_up_as_its_image_does_it_on_its_first_start():
    """The image runs `initdb`, starts the server with the very words of the file, and makes the database by its socket.

    TimescaleDB may not be installed here, and a test has less memory: these words are left out.
    """
    server = PostgresServer()
    (service,) = services("postgres").values()
    try:
        if os.geteuid() == 0:
            shutil.chown(server.folder, "postgres", "postgres")
        certificates(server.folder, "certificate")
        shutil.copyfile(server.folder / "certificate.key", server.folder / "key.pem")
        for name in ("postgresql.conf", "pg_hba.conf"):
            shutil.copyfile(DEPLOY / "postgres" / name, server.folder / name)
        for path in server.folder.iterdir():
            if os.geteuid() == 0:
                shutil.chown(path, "postgres", "postgres")
            path.chmod(0o600)
        (server.folder / "password").write_text(f"{WORD}\n")
        (server.folder / "password").chmod(0o644)
        server.run("initdb", "-D", server.data, "-U", service["environment"]["POSTGRES_USER"],
                   f"--pwfile={server.folder / 'password'}")  # fmt: skip
        settings = [s for s in re.findall(r"-c (\S+)", service["command"]) if "timescaledb" not in s]
        settings = [re.sub(r"/etc/tradewind(/tls)?", str(server.folder), s) for s in settings]
        settings += ["shared_buffers=64MB", f"unix_socket_directories={server.folder}"]
        words = [word for setting in settings for word in ("-c", setting)]
        command = [*server.program("postgres"), "-D", str(server.data), "-p", str(server.port), *words]
        where = ["-h", str(server.folder), "-p", str(server.port), "-U", service["environment"]["POSTGRES_USER"]]
        ask = [*server.program("psql"), "--no-password", *where, "-d", "postgres", "-c", "CREATE DATABASE tradewind"]
        knows = os.environ | {"PGPASSWORD": WORD}
        with (server.folder / "log").open("ab") as log:
            server.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=server.folder, **server.as_whom())

        def answered():
            nonlocal made
            made = subprocess.run(ask, env=knows, cwd=server.folder, capture_output=True, check=False)
            yet = b"No such file" in made.stderr or b"starting up" in made.stderr
            return server.process.poll() is not None or not yet

        made = None
        until(answered, "it did not start")
        assert made.returncode == 0, made.stderr.decode() + (server.folder / "log").read_text()
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(server.folder, ignore_errors=True)


def test_redis_lets_in_who_has_a_certificate_and_a_password_and_strangers_may_only_ask_whether_it_is_there(tmp_path):
    """The users are those that the head of the file proposes."""
    certificates(tmp_path, "certificate")
    shutil.copyfile(tmp_path / "certificate.key", tmp_path / "key.pem")
    head = (DEPLOY / "redis" / "compose.yaml").read_text(encoding="utf-8")
    digest = sha256(WORD.encode()).hexdigest()
    users = [line[4:] for line in head.splitlines() if line.startswith("#   user ")]
    (tmp_path / "users").write_text("".join(f"{u.replace('SHA256_OF_THE_PASSWORD_IN_HEX', digest)}\n" for u in users))
    (tmp_path / "users").chmod(0o644)
    command = services("redis")["redis-state"]["command"]
    swaps = {
        "/etc/tradewind/role.conf": DEPLOY / "redis" / "state.conf",
        "/etc/tradewind/tls.conf": DEPLOY / "redis" / "tls.conf",
        "/run/secrets/redis_users": tmp_path / "users",
        "0.0.0.0": "127.0.0.1",
    }
    server = RedisServer()
    swaps |= {"/data": server.folder, "6379": server.port}
    words = [str(swaps.get(word, word)).replace("/etc/tradewind/tls", str(tmp_path)) for word in command]
    health = services("redis")["redis-state"]["healthcheck"]["test"]
    assert health[0] == "CMD-SHELL"
    ask = health[1].replace("/etc/tradewind/tls", str(tmp_path)).replace("redis-cli", f"redis-cli -p {server.port}")
    if shutil.which("redis-server") is None:
        server.start()
    with (server.folder / "log").open("ab") as log:
        server.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=server.folder)
    try:
        until(lambda: subprocess.run(ask, shell=True, check=False).returncode == 0, "it is not well")
        files = f"ca_file={tmp_path}/ca.pem&certificate_file={tmp_path}/certificate.pem&key_file={tmp_path}/key.pem"
        assert "role of state" in describe(f"rediss://tradewind:{WORD}@localhost:{server.port}/0?{files}", Role.STATE)
        for stranger in ("", "tradewind:guessed@"):
            with pytest.raises(TradewindError):
                describe(f"rediss://{stranger}localhost:{server.port}/0?{files}", Role.STATE)
    finally:
        server.remove()
