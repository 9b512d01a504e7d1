-- Candles as continuous aggregates: once for each timeframe. Ticks of one nanosecond are told apart by their position.
-- What the jobs have not come to yet is worked out when it is asked for. What came late to what they have done is
-- made again by them within three days, and later by upkeep.
CREATE MATERIALIZED VIEW tradewind.candles_{frame}
    WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
    SELECT tenant, source, token AS symbol, time_bucket(INTERVAL '{width}', "timestamp") AS "time",
           first((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS open,
           max((body -> 'data' ->> 'price')::float8) AS high,
           min((body -> 'data' ->> 'price')::float8) AS low,
           last((body -> 'data' ->> 'price')::float8, time_event * 1e19::numeric + position) AS close,
           sum((body -> 'data' ->> 'size')::float8) AS volume,
           count(*) AS ticks
    FROM tradewind.events
    WHERE event_type = 'price.tick' AND body ->> 'mode' <> 'backtest'
    GROUP BY tenant, source, token, time_bucket(INTERVAL '{width}', "timestamp")
    WITH NO DATA;
SELECT add_continuous_aggregate_policy('tradewind.candles_{frame}', start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '{width}', schedule_interval => INTERVAL '{every}');
