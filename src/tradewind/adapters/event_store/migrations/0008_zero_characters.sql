-- JSON may have a zero character in a text, and PostgreSQL looks into no JSON that has: one such event would have kept
-- candles of all others from being made. Here it is read as the sign for a character that is not known.
CREATE FUNCTION tradewind.readable(body json) RETURNS json LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN strpos($1::text, '\u0000') = 0 THEN $1 ELSE replace($1::text, '\u0000', '\ufffd')::json END
$$;

CREATE OR REPLACE VIEW tradewind.event_log AS
    SELECT position, event_id, event_type, "timestamp", token, (body -> 'data')::jsonb AS data, source,
           body ->> 'mode' AS mode, session, tenant, body ->> 'correlation_id' AS correlation_id,
           body ->> 'causation_id' AS causation_id, created_at
    FROM (
        SELECT position, event_id, event_type, "timestamp", token, source, session, tenant, created_at,
               tradewind.readable(body) AS body
        FROM tradewind.everything
    ) readable;

CREATE OR REPLACE VIEW tradewind.ticks AS
    SELECT position, tenant, source, symbol, "timestamp", time_event,
           (body -> 'data' ->> 'price')::float8 AS price, (body -> 'data' ->> 'size')::float8 AS size
    FROM (
        SELECT position, tenant, source, token AS symbol, "timestamp", time_event, tradewind.readable(body) AS body
        FROM tradewind.events
        WHERE event_type = 'price.tick'
    ) readable
    WHERE body ->> 'mode' <> 'backtest';
