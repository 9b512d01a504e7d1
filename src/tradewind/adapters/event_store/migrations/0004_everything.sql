CREATE VIEW tradewind.everything AS
    SELECT * FROM tradewind.events UNION ALL SELECT * FROM tradewind.audit_events;

-- For people: the payload as fields that can be asked for.
CREATE VIEW tradewind.event_log AS
    SELECT position, event_id, event_type, "timestamp", token, (body -> 'data')::jsonb AS data, source,
           body ->> 'mode' AS mode, session, tenant, body ->> 'correlation_id' AS correlation_id,
           body ->> 'causation_id' AS causation_id, created_at
    FROM tradewind.everything;

-- The market's trades, of which candles are made. What a backtest made up is none.
CREATE VIEW tradewind.ticks AS
    SELECT position, tenant, source, token AS symbol, "timestamp", time_event,
           (body -> 'data' ->> 'price')::float8 AS price, (body -> 'data' ->> 'size')::float8 AS size
    FROM tradewind.events
    WHERE event_type = 'price.tick' AND body ->> 'mode' <> 'backtest';
