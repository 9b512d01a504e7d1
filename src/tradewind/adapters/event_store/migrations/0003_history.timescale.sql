-- A hypertable with a chunk a day. Its keys must hold the time; that an event is there once is event_ids' to say.
CREATE TABLE tradewind.events (LIKE tradewind.audit_events INCLUDING DEFAULTS, PRIMARY KEY (position, "timestamp"));
SELECT create_hypertable('tradewind.events', 'timestamp', chunk_time_interval => INTERVAL '1 day',
    create_default_indexes => false);
CREATE INDEX events_by_time ON tradewind.events ("timestamp", token, event_type);
CREATE INDEX events_by_session ON tradewind.events (session, position) WHERE session IS NOT NULL;
