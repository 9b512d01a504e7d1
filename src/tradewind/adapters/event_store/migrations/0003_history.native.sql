-- Partitions by day, made when the first event of a day comes. What lies far from today goes into the last one.
CREATE TABLE tradewind.events (LIKE tradewind.audit_events INCLUDING DEFAULTS, PRIMARY KEY (position, "timestamp"))
    PARTITION BY RANGE ("timestamp");
CREATE INDEX events_by_time ON tradewind.events ("timestamp", token, event_type);
CREATE INDEX events_by_session ON tradewind.events (session, position) WHERE session IS NOT NULL;
CREATE TABLE tradewind.events_elsewhen PARTITION OF tradewind.events DEFAULT;
