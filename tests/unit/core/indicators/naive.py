"""Each indicator once more, as its textbook formula over whole arrays; nothing here is shared with the project."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def padded(values, before):
    return np.r_[np.full(before, np.nan), np.asarray(values, dtype=float)]


def rolled(x, n, f):
    return padded([f(w) for w in sliding_window_view(x, n)], n - 1)


def chained(f, x, n):
    """f of the part of x that is a number."""
    start = int(np.flatnonzero(~np.isnan(x))[0])
    return padded(f(x[start:], n), start)


def sma(x, n):
    return rolled(x, n, np.mean)


def wma(x, n):
    return rolled(x, n, lambda w: np.average(w, weights=np.arange(1, n + 1)))


def smoothed(x, n, weight):
    out = np.full(len(x), np.nan)
    out[n - 1] = np.mean(x[:n])
    for i in range(n, len(x)):
        out[i] = weight * x[i] + (1 - weight) * out[i - 1]
    return out


def ema(x, n):
    return smoothed(x, n, 2 / (n + 1))


def wilder(x, n):
    return smoothed(x, n, 1 / n)


def hma(x, n):
    return chained(wma, 2 * wma(x, n // 2) - wma(x, n), int(np.sqrt(n)))


def dema(x, n):
    once = ema(x, n)
    return 2 * once - chained(ema, once, n)


def tema(x, n):
    once = ema(x, n)
    twice = chained(ema, once, n)
    return 3 * once - 3 * twice + chained(ema, twice, n)


def kama(x, n, fast=2, slow=30):
    out = np.full(len(x), np.nan)
    last = x[n - 1]
    for i in range(n, len(x)):
        walked = np.abs(np.diff(x[i - n : i + 1])).sum()
        efficiency = abs(x[i] - x[i - n]) / walked
        c = (efficiency * (2 / (fast + 1) - 2 / (slow + 1)) + 2 / (slow + 1)) ** 2
        last = out[i] = last + c * (x[i] - last)
    return out


def vwma(x, volume, n):
    return sma(x * volume, n) / sma(volume, n)


def rsi(x, n):
    change = np.diff(x)
    gain, loss = wilder(np.maximum(change, 0), n), wilder(np.maximum(-change, 0), n)
    return padded(100 * gain / (gain + loss), 1)


def fast_k(high, low, close, n):
    top, bottom = rolled(high, n, np.max), rolled(low, n, np.min)
    return 100 * (close - bottom) / (top - bottom)


def together(*lines):
    """NaN wherever any of the lines still is."""
    missing = np.isnan(lines).any(axis=0)
    return [np.where(missing, np.nan, line) for line in lines]


def stochastic(high, low, close, n, smooth_k, smooth_d):
    k = chained(sma, fast_k(high, low, close, n), smooth_k)
    return together(k, chained(sma, k, smooth_d))


def stochastic_rsi(x, rsi_length, n, smooth_k, smooth_d):
    r = rsi(x, rsi_length)
    place = r * np.nan
    for i in range(rsi_length + n - 1, len(r)):
        w = r[i - n + 1 : i + 1]
        place[i] = 100 * (r[i] - w.min()) / (w.max() - w.min())
    k = chained(sma, place, smooth_k)
    return together(k, chained(sma, k, smooth_d))


def macd(x, fast, slow, signal):
    wait = slow - fast
    line = padded(ema(x[wait:], fast), wait) - ema(x, slow)
    average = chained(ema, line, signal)
    return together(line, average, line - average)


def cci(high, low, close, n):
    return rolled((high + low + close) / 3, n, lambda w: (w[-1] - w.mean()) / (0.015 * np.mean(abs(w - w.mean()))))


def williams_r(high, low, close, n):
    return fast_k(high, low, close, n) - 100


def mfi(high, low, close, volume, n):
    typical = (high + low + close) / 3
    change, money = np.diff(typical), (typical * volume)[1:]
    rising, falling = sma(np.where(change > 0, money, 0), n), sma(np.where(change < 0, money, 0), n)
    return padded(100 * rising / (rising + falling), 1)


def roc(x, n):
    return padded(100 * (x[n:] - x[:-n]) / x[:-n], n)


def true_range(high, low, close):
    before = close[:-1]
    return padded(np.max([high[1:] - low[1:], abs(high[1:] - before), abs(low[1:] - before)], axis=0), 1)


def atr(high, low, close, n):
    return chained(wilder, true_range(high, low, close), n)


def adx(high, low, close, n):
    up, down = np.diff(high), -np.diff(low)
    rows = [np.where((up > down) & (up > 0), up, 0), np.where((down > up) & (down > 0), down, 0)]
    rows.append(true_range(high, low, close)[1:])
    sums = []
    for row in rows:  # Wilder's running sum, begun with n - 1 of them
        out = np.full(len(row), np.nan)
        total = row[: n - 1].sum()
        for i in range(n - 1, len(row)):
            total = out[i] = total - total / n + row[i]
        sums.append(out)
    plus, minus = 100 * sums[0] / sums[2], 100 * sums[1] / sums[2]
    strength = chained(wilder, 100 * abs(plus - minus) / (plus + minus), n)
    return together(padded(strength, 1), padded(plus, 1), padded(minus, 1))


def aroon(high, low, n):
    since_high = rolled(high, n + 1, lambda w: np.argmax(w[::-1]))
    since_low = rolled(low, n + 1, lambda w: np.argmin(w[::-1]))
    up, down = 100 * (n - since_high) / n, 100 * (n - since_low) / n
    return up, down, up - down


def psar(high, low, step, limit):
    """Wilder's rules, long and short told by a sign: prices are mirrored while short."""
    out = np.full(len(high), np.nan)
    fell, rose = low[0] - low[1], high[1] - high[0]
    side = -1 if fell > max(rose, 0) else 1
    stop, extreme, pace = (low[0], high[1], step) if side == 1 else (high[0], low[1], step)
    for i in range(1, len(high)):
        j = max(i - 1, 1)  # the bar before; the second bar has only itself
        near, far = (low, high) if side == 1 else (high, low)
        if side * (near[i] - stop) <= 0:
            side = -side
            near, far = far, near
            out[i] = side * min(side * extreme, side * near[i], side * near[j])
            pace, extreme = step, far[i]
            stop = out[i]
        else:
            out[i] = stop
            if side * (far[i] - extreme) > 0:
                extreme, pace = far[i], min(pace + step, limit)
        stop = stop + pace * (extreme - stop)
        stop = side * min(side * stop, side * near[i], side * near[j])
    return out


def supertrend(high, low, close, n, multiplier):
    reach, middle = multiplier * atr(high, low, close, n), (high + low) / 2
    upper, lower = middle + reach, middle - reach
    out, side = np.full(len(close), np.nan), np.full(len(close), np.nan)
    for i in range(n, len(close)):
        if i > n:
            upper[i] = upper[i] if upper[i] < upper[i - 1] or close[i - 1] > upper[i - 1] else upper[i - 1]
            lower[i] = lower[i] if lower[i] > lower[i - 1] or close[i - 1] < lower[i - 1] else lower[i - 1]
        was = side[i - 1] if i > n else 1
        side[i] = (-1 if close[i] < lower[i] else 1) if was == 1 else (1 if close[i] > upper[i] else -1)
        out[i] = lower[i] if side[i] == 1 else upper[i]
    return out, side


def bollinger(x, n, k):
    middle, spread = sma(x, n), rolled(x, n, np.std)
    upper, lower = middle + k * spread, middle - k * spread
    return middle, upper, lower, (upper - lower) / middle, (x - lower) / (upper - lower)


def keltner(high, low, close, n, atr_length, k):
    first = max(n - 1, atr_length)
    average, spread = first - n + 1, first - atr_length
    middle = padded(ema(((high + low + close) / 3)[average:], n), average)
    reach = k * padded(atr(high[spread:], low[spread:], close[spread:], atr_length), spread)
    return middle, middle + reach, middle - reach


def donchian(high, low, n):
    upper, lower = rolled(high, n, np.max), rolled(low, n, np.min)
    return (upper + lower) / 2, upper, lower


def obv(close, volume):
    return np.cumsum(np.r_[volume[0], np.sign(np.diff(close)) * volume[1:]])


def accumulation_distribution(high, low, close, volume):
    span = high - low
    place = np.divide(2 * close - low - high, span, out=np.zeros(len(span)), where=span > 0)
    return np.cumsum(place * volume)


def vwap(high, low, close, volume, session):
    typical = (high + low + close) / 3
    out = np.empty(len(close))
    for s in np.unique(session):
        m = session == s
        out[m] = np.cumsum(typical[m] * volume[m]) / np.cumsum(volume[m])
    return out


def slope(x, n):
    return rolled(x, n, lambda w: np.polyfit(np.arange(n), w - w[0], 1)[0])


def pivots(high, low, close, day):
    lines = np.full((7, len(close)), np.nan)
    for d in np.unique(day)[1:]:
        m = day == d - 1
        h, lo, c = high[m].max(), low[m].min(), close[m][-1]
        p = (h + lo + c) / 3
        lines[:, day == d] = np.array(
            [p, 2 * p - lo, 2 * p - h, p + h - lo, p - h + lo, h + 2 * (p - lo), lo - 2 * (h - p)]
        )[:, None]
    return lines


def ichimoku(high, low, close, tenkan, kijun, senkou, displacement):
    def middle(n):
        return donchian(high, low, n)[0]

    def displaced(x):
        return padded(x[:-displacement], displacement)

    short, medium = middle(tenkan), middle(kijun)
    cloud = displaced((short + medium) / 2), displaced(middle(senkou))
    return together(short, medium, *cloud, displaced(close))
