-- Candles that upkeep fills; where continuous aggregates may be used they have the same names and columns.
CREATE TABLE tradewind.candles_1m (
    tenant text NOT NULL,
    source text NOT NULL,
    symbol text NOT NULL,
    "time" timestamptz NOT NULL,
    open   float8 NOT NULL,
    high   float8 NOT NULL,
    low    float8 NOT NULL,
    close  float8 NOT NULL,
    volume float8 NOT NULL,
    ticks  bigint NOT NULL,
    PRIMARY KEY (symbol, "time", tenant, source)
);
CREATE TABLE tradewind.candles_5m (LIKE tradewind.candles_1m INCLUDING ALL);
CREATE TABLE tradewind.candles_1h (LIKE tradewind.candles_1m INCLUDING ALL);
CREATE TABLE tradewind.candles_1d (LIKE tradewind.candles_1m INCLUDING ALL);
