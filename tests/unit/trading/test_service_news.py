"""What happens to services is told, each once, also when the bus was away meanwhile."""

import asyncio

from market_stand import Stand

from tradewind.trading.service_news import ServiceNews


def test_what_the_bus_did_not_take_is_told_when_it_is_back_once_and_in_order(tmp_path):
    async def work():
        stand = Stand(tmp_path)
        stand.bus.fails, slept = True, asyncio.Event()

        async def sleep(_seconds):
            slept.set()
            stand.bus.fails = False
            await asyncio.sleep(0)

        news = ServiceNews(stand.producer, sleep=sleep)
        running = asyncio.create_task(news.run())
        news("candles", "started", "")
        news("candles", "impaired", "away")
        async with asyncio.timeout(60):
            await slept.wait()
            while len(await stand.events("service.changed")) < 2:
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await news.rest()
        found = await stand.events("service.changed")
        await stand.store.close()
        return [(e.data.service, e.data.state, e.data.reason) for e in found]

    assert asyncio.run(work()) == [("candles", "started", ""), ("candles", "impaired", "away")]


def test_what_cannot_be_told_at_the_end_is_in_the_log(tmp_path, caplog):
    async def work():
        stand = Stand(tmp_path)
        stand.bus.fails = True
        news = ServiceNews(stand.producer)
        news("candles", "stopped", "the end")
        await news.rest()
        await stand.store.close()

    asyncio.run(work())
    assert "it was not told" in caplog.text
    assert "the end" in caplog.text
