"""`tradewind rehearse`, `replay` and `lineage`: a session recorded, played again, tampered with, and asked about."""

from itertools import pairwise

import apsw
import pytest

SYMBOL = ("--symbol", "BTC/USDT:USDT", "--end", "2024-01-20")


@pytest.fixture
def first(ask, home):
    """A session, rehearsed on the home's market."""
    return ask("rehearse", "sma_cross", *SYMBOL, "-p", "fast=3", "-p", "slow=8", "--name", "first", "--json").document


def test_a_rehearsal_is_replayed_to_the_hash_that_it_told(ask, first):
    assert first["session"] == "first"
    assert first["synthetic"]
    assert first["decisions"] > 20
    again = ask("replay", "first", "--json").document
    assert again["same"]
    assert again["decision_hash"] == first["decision_hash"] == again["recorded_hash"]
    assert again["inputs"] == first["inputs"] > 4 * first["candles"]


def test_the_same_seed_rehearses_the_same_session_and_another_one_another(ask, first):
    def rehearsed(name, seed):
        told = ask("rehearse", "sma_cross", *SYMBOL, "-p", "fast=3", "-p", "slow=8", "--name", name, "--seed", seed,
                   "--json")  # fmt: skip
        return told.document["decision_hash"]

    assert rehearsed("second", "0") == first["decision_hash"]
    assert rehearsed("third", "1") != first["decision_hash"]


def test_sessions_are_listed(ask, first):
    listed = ask("replay", "--json").document
    assert [each["session"] for each in listed] == ["first"]
    assert listed[0]["decision_hash"] == first["decision_hash"]
    assert "first" in ask("replay").out


def test_a_tick_changed_in_the_file_ends_the_replay_there_with_both_sides(ask, home, first):
    file = apsw.Connection(str(home / "events" / "events.db"))
    ticks = "SELECT position, CAST(body AS TEXT) FROM events WHERE type = 'price.tick' ORDER BY position LIMIT 1 OFFSET"
    position, body = next(file.execute(f"{ticks} 300"))
    changed = body.replace('"price":', '"price":1')
    assert changed != body
    file.execute("UPDATE events SET body = ? WHERE position = ?", (changed.encode(), position))
    answer = ask("replay", "first", "--json")
    assert answer.code == 6
    found = answer.document["difference"]
    assert (found["what"], found["position"]) == ("record", position)
    assert found["recorded"]["mark"] != found["replayed"]["mark"]
    told = ask("replay", "first")
    assert told.code == 6
    assert f"event {position} (price.tick" in told.out


def test_lineage_leads_from_the_fills_to_the_ticks_and_the_code(ask, first):
    found = ask("lineage", first["last_order"], "--json").document
    assert found["code_hash"] == first["code_hash"]
    assert found["parameters"]["fast"] == 3
    assert found["ticks"]["number"] == 4
    chain = [*found["causes"], *found["life"]]
    assert chain[0]["type"] in {"price.tick", "timer.fired"}
    assert [event["type"] for event in found["life"][:2]] == ["decision.taken", "order.changed"]
    for cause, event in pairwise(chain):
        assert event["causation_id"] == cause["event_id"]
        assert event["correlation_id"] == chain[0]["event_id"]
    assert found["ticks"]["end"] <= found["life"][0]["time_event"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("replay", "nobody"), "there is no session 'nobody'"),
        (("lineage", "first-99999"), "has no order 99999"),
        (("lineage", "rubbish"), "there is no order 'rubbish'"),
        (("rehearse", "sma_cross", *SYMBOL, "--name", "first"), "there is a session 'first' already"),
        (("rehearse", "sma_cross", *SYMBOL, "--name", "a/b"), "is no name of a session"),
        (("rehearse", "sma_cross", *SYMBOL, "--rejects", "1.5"), "rejects is from 0 to below 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_error(ask, first, command, words):
    answer = ask(*command, "--json")
    assert answer.code == 3
    assert words in answer.error["message"]
    assert answer.error["fix"] or answer.error["where"]
