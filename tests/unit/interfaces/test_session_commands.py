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


def test_lineage_leads_from_a_fill_to_its_order_and_tells_the_candle_that_the_ticks_made(ask, first):
    order = ask("lineage", first["last_order"], "--json").document
    trade = next(event["data"] for event in order["life"] if event["type"] == "trade.executed")
    found = ask("lineage", trade["trade_id"], "--json").document
    assert (found["order"], found["fill"]) == (first["last_order"], trade["trade_id"])
    assert found["life"] == order["life"]
    candle = found["ticks"]["candle"]
    assert candle["time"] == found["ticks"]["start"]
    assert candle["ticks"] == 4
    assert candle["low"] <= min(candle["open"], candle["close"]) <= candle["high"]
    assert found["code_hash_today"] == found["code_hash"]
    assert found["missing"] == ["no model and no risk approval took part: a rehearsal has neither"]


def test_lineage_leads_forward_from_a_tick_to_what_was_decided_on_its_candle(ask, first):
    back = ask("lineage", first["last_order"], "--json").document
    tick = f"first@{back['ticks']['last_position']}"
    forward = ask("lineage", tick, "--json").document
    assert forward["event"]["type"] == "price.tick"
    assert forward["candle"] == back["ticks"]["start"]
    asked = back["life"][0]
    assert asked["event_id"] in {event["event_id"] for event in forward["on_candle"]}
    cause = back["causes"][0]
    brought = ask("lineage", f"first@{cause['position']}", "--json").document
    assert [event["event_id"] for event in brought["direct"]] == [event["event_id"] for event in back["life"]]
    assert ask("lineage", tick).code == 0


def test_lineage_says_which_links_are_missing(ask, home, first, tmp_path):
    """Ticks that were forgotten, an order that the venue did not answer, code that is another one now."""
    (tmp_path / "mine.py").write_text(
        "from tradewind import Strategy\n\n\nclass Mine(Strategy):\n"
        "    def on_bar(self, bar):\n"
        "        if not self.orders_open:\n            self.buy(size=0.01, limit=bar.close * 0.5)\n"
    )
    mine = str(tmp_path / "mine.py")
    ask("rehearse", mine, *SYMBOL, "--name", "mine", "--rejects", "0", "--unknown", "0", "--json")
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text().replace("0.5", "0.4"))
    missing = ask("lineage", "mine-1", "--json").document["missing"]
    assert "the venue has not said what became of it, as far as the record goes" in missing
    assert "the code that decided it is not the code of today" in missing
    file = apsw.Connection(str(home / "events" / "events.db"))
    file.execute("DELETE FROM events WHERE session = 'mine' AND type IN ('price.tick', 'timer.fired')")
    missing = ask("lineage", "mine-1", "--json").document["missing"]
    assert "the ticks of the candle before the decision are not in the store" in missing
    assert "the event that began it is not in the store any more" in missing


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("replay", "nobody"), "there is no session 'nobody'"),
        (("lineage", "first-99999"), "has no order 99999"),
        (("lineage", "rubbish"), "there is no order or fill 'rubbish'"),
        (("lineage", "first-t99999"), "there is no order or fill 'first-t99999'"),
        (("lineage", "first@99999999"), "has no event at position 99999999"),
        (("lineage", "nobody@3"), "there is no session 'nobody'"),
        (("rehearse", "sma_cross", *SYMBOL, "--name", "first"), "there is a session 'first' already"),
        (("rehearse", "sma_cross", *SYMBOL, "--name", "a/b"), "is no name of a session"),
        (("rehearse", "sma_cross", *SYMBOL, "--rejects", "1.5"), "rejects is from 0 to below 1"),
        (("rehearse", "sma_cross", *SYMBOL, "--perfect", "--rejects", "0.5"), "a perfect venue has no chances"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_error(ask, first, command, words):
    answer = ask(*command, "--json")
    assert answer.code == 3
    assert words in answer.error["message"]
    assert answer.error["fix"] or answer.error["where"]
