-- Compression after a week and a year of history: TimescaleDB's own jobs do it. Audit records are in a table of their own.
-- Both columns of the key are ordered by, so that a late event is told from those in a compressed chunk without opening it.
ALTER TABLE tradewind.events SET (timescaledb.compress, timescaledb.compress_segmentby = 'token, event_type',
    timescaledb.compress_orderby = 'position, "timestamp"');
SELECT add_compression_policy('tradewind.events', INTERVAL '7 days', if_not_exists => true);
SELECT add_retention_policy('tradewind.events', INTERVAL '365 days', if_not_exists => true);
