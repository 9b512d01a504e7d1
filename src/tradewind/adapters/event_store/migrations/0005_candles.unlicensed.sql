-- Candles that upkeep fills: once for each timeframe. Where continuous aggregates may be used they have the same names and
-- columns.
CREATE TABLE tradewind.candles_{frame} (
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
