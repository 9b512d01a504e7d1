"""Events in PostgreSQL by one setting: which store is opened, and what doctor says of it."""

import asyncio

from event_examples import tick

from tradewind import bootstrap
from tradewind.ports.event_store import EventQuery
from tradewind.settings import load_settings


def checks(answer):
    return {check["name"]: check for check in answer.document["checks"]}


def test_without_the_setting_events_are_in_a_file(tmp_path):
    settings = load_settings({"TRADEWIND_HOME": str(tmp_path)}, folder=tmp_path)

    async def work():
        store = bootstrap.open_event_store(settings)
        await store.append([tick(1)])
        await store.close()

    asyncio.run(work())
    assert (tmp_path / "events" / "events.db").exists()
    assert bootstrap.services(settings) == {}


def test_with_the_setting_they_are_in_the_database(tmp_path, postgres):
    (tmp_path / "tradewind.toml").write_text(f'[servers]\npostgres = "{postgres.new_database()}"\n')
    settings = load_settings({"TRADEWIND_HOME": str(tmp_path)}, folder=tmp_path)

    async def work():
        for expected in (1, 2):
            store = bootstrap.open_event_store(settings)
            await store.append([tick(expected)])
            assert await store.count(EventQuery()) == expected
            await store.close()

    asyncio.run(work())
    assert not (tmp_path / "events").exists()


def test_doctor_says_what_the_database_does_with_history(ask, postgres, monkeypatch):
    assert "events" not in checks(ask("doctor", "--json"))
    monkeypatch.setenv("TRADEWIND_POSTGRES", postgres.new_database())
    found = checks(ask("doctor", "--json"))["events"]
    assert found["state"] == "fine"
    assert "partitions by day; compression, retention and candles by upkeep" in found["found"]


def test_doctor_names_a_database_that_does_not_answer_and_what_to_do(ask, postgres, monkeypatch):
    monkeypatch.setenv("TRADEWIND_POSTGRES", f"postgresql://ann:hush@127.0.0.1:{postgres.port + 1}/events")
    answer = ask("doctor", "--json")
    assert answer.code == 3
    found = checks(answer)["events"]
    assert found["state"] == "failed"
    assert f"127.0.0.1:{postgres.port + 1}/events: it does not answer" in found["found"]
    assert "Start it" in found["fix"]
    assert "hush" not in answer.out + answer.err


def test_doctor_names_a_setting_that_is_no_place(ask, monkeypatch):
    monkeypatch.setenv("TRADEWIND_POSTGRES", "events.db")
    found = checks(ask("doctor", "--json"))["events"]
    assert found["state"] == "failed"
    assert "no place of a database" in found["found"]
    assert "postgresql://" in found["fix"]
