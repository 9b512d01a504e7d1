"""Where services find their servers, and where their page stands. That they wait for servers, processes show."""

import socket


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_server_that_is_away_is_an_error_where_nobody_wants_to_wait(ask, monkeypatch):
    monkeypatch.setenv("TRADEWIND_REDIS_CACHE", f"redis://127.0.0.1:{closed_port()}/0")
    done = ask("serve", "candles", "--until-idle", "--json")
    assert done.code == 5
    assert done.error["kind"] == "Unavailable"


def test_a_place_that_is_wrong_is_said_at_once(ask, monkeypatch):
    monkeypatch.setenv("TRADEWIND_REDIS_CACHE", "http://127.0.0.1:1")
    assert ask("serve", "candles", "--until-idle").code != 0


def test_the_page_stands_where_it_is_asked_for_and_a_host_that_is_not_ours_is_said(ask):
    done = ask("serve", "candles", "--until-idle", "--metrics-port", "0", "--metrics-host", "0.0.0.0")
    assert done.code == 0, done.err
    assert "metrics: http://0.0.0.0:" in done.err
    refused = ask("serve", "candles", "--until-idle", "--metrics-port", "0", "--metrics-host", "192.0.2.1")
    assert refused.code != 0
    assert "the metrics cannot be served" in refused.err
