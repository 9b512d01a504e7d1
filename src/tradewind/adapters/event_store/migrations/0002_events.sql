-- "timestamp" is time_event to the microsecond, which is what PostgreSQL has; time_event is exact. body is the event as
-- it was written: json keeps its text as it is, where jsonb would lose the sign of -0.0 and refuse a zero character.
-- Names are compared byte by byte: an index by the rules of a language is several times slower to keep.
CREATE TABLE tradewind.audit_events (
    position    bigint PRIMARY KEY,
    event_id    uuid NOT NULL,
    event_type  text COLLATE "C" NOT NULL,
    "timestamp" timestamptz NOT NULL,
    time_event  bigint NOT NULL,
    token       text COLLATE "C" NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    session     text COLLATE "C",
    source      text COLLATE "C" NOT NULL,
    body        json NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_by_time ON tradewind.audit_events ("timestamp", token, event_type);

CREATE FUNCTION tradewind.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit records are neither changed nor removed';
END $$;
CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON tradewind.audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION tradewind.refuse();
