-- Candles as continuous aggregates, compression after a week, and a year of history: TimescaleDB's own jobs do it.
-- Ticks of one nanosecond are told apart by their position.
CREATE MATERIALIZED VIEW tradewind.candles_1m
    WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT tenant, source, token AS symbol, time_bucket(INTERVAL '1 minute', "timestamp") AS "time",
           first((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS open,
           max((body -> 'data' ->> 'price')::float8) AS high,
           min((body -> 'data' ->> 'price')::float8) AS low,
           last((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS close,
           sum((body -> 'data' ->> 'size')::float8) AS volume,
           count(*) AS ticks
    FROM tradewind.events
    WHERE event_type = 'price.tick' AND body ->> 'mode' <> 'backtest'
    GROUP BY tenant, source, token, time_bucket(INTERVAL '1 minute', "timestamp")
    WITH NO DATA;
SELECT add_continuous_aggregate_policy('tradewind.candles_1m', start_offset => INTERVAL '3 hours',
    end_offset => INTERVAL '0', schedule_interval => INTERVAL '1 minute');
CREATE MATERIALIZED VIEW tradewind.candles_5m
    WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT tenant, source, token AS symbol, time_bucket(INTERVAL '5 minutes', "timestamp") AS "time",
           first((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS open,
           max((body -> 'data' ->> 'price')::float8) AS high,
           min((body -> 'data' ->> 'price')::float8) AS low,
           last((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS close,
           sum((body -> 'data' ->> 'size')::float8) AS volume,
           count(*) AS ticks
    FROM tradewind.events
    WHERE event_type = 'price.tick' AND body ->> 'mode' <> 'backtest'
    GROUP BY tenant, source, token, time_bucket(INTERVAL '5 minutes', "timestamp")
    WITH NO DATA;
SELECT add_continuous_aggregate_policy('tradewind.candles_5m', start_offset => INTERVAL '12 hours',
    end_offset => INTERVAL '0', schedule_interval => INTERVAL '5 minutes');
CREATE MATERIALIZED VIEW tradewind.candles_1h
    WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT tenant, source, token AS symbol, time_bucket(INTERVAL '1 hour', "timestamp") AS "time",
           first((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS open,
           max((body -> 'data' ->> 'price')::float8) AS high,
           min((body -> 'data' ->> 'price')::float8) AS low,
           last((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS close,
           sum((body -> 'data' ->> 'size')::float8) AS volume,
           count(*) AS ticks
    FROM tradewind.events
    WHERE event_type = 'price.tick' AND body ->> 'mode' <> 'backtest'
    GROUP BY tenant, source, token, time_bucket(INTERVAL '1 hour', "timestamp")
    WITH NO DATA;
SELECT add_continuous_aggregate_policy('tradewind.candles_1h', start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '0', schedule_interval => INTERVAL '30 minutes');
CREATE MATERIALIZED VIEW tradewind.candles_1d
    WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT tenant, source, token AS symbol, time_bucket(INTERVAL '1 day', "timestamp") AS "time",
           first((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS open,
           max((body -> 'data' ->> 'price')::float8) AS high,
           min((body -> 'data' ->> 'price')::float8) AS low,
           last((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS close,
           sum((body -> 'data' ->> 'size')::float8) AS volume,
           count(*) AS ticks
    FROM tradewind.events
    WHERE event_type = 'price.tick' AND body ->> 'mode' <> 'backtest'
    GROUP BY tenant, source, token, time_bucket(INTERVAL '1 day', "timestamp")
    WITH NO DATA;
SELECT add_continuous_aggregate_policy('tradewind.candles_1d', start_offset => INTERVAL '7 days',
    end_offset => INTERVAL '0', schedule_interval => INTERVAL '1 hour');

ALTER TABLE tradewind.events SET (timescaledb.compress, timescaledb.compress_segmentby = 'token, event_type',
    timescaledb.compress_orderby = 'position');
SELECT add_compression_policy('tradewind.events', INTERVAL '7 days');
SELECT add_retention_policy('tradewind.events', INTERVAL '365 days');
