"""Two timeframes: the daily trend says whether, hourly weakness says when."""

from tradewind import ATR, GTD, RSI, SMA, Strategy, param


class DipsInAnUptrend(Strategy):
    """While the day's close is above its average, bids a little below a weak hour, with a stop and a target."""

    trend_days = param(20, low=5, high=100, help="days of the average that says whether the trend is up")
    weak = param(35.0, low=5.0, high=50.0, help="an RSI below this is weakness")
    ranges = param(2.0, low=0.5, high=10.0, help="distance of the stop in average ranges; the target is twice as far")

    risk = param(0.01, low=0.001, high=0.1, help="share of the account that is lost where the stop is hit")

    def setup(self):
        self.daily = self.feed(timeframe="1d")
        self.trend = SMA(self.trend_days).on(self.daily)
        self.rsi = RSI(14)
        self.range = ATR(14)

    def on_bar(self, bar):
        if self.direction != 0 or self.orders_open > 0 or not self.trend.ready:
            return
        if self.daily.close > self.trend.value and self.rsi.value < self.weak:
            bid = bar.close - 0.25 * self.range.value
            away = self.ranges * self.range.value
            size = min(self.risk * self.equity / away, 0.9 * self.equity / bid)
            day = 24 * 3_600_000_000_000
            self.buy(size, limit=bid, sl=bid - away, tp=bid + 2.0 * away, tif=GTD, expires=bar.close_time + day)
