-- Days that are old are packed: blocks of events of one token and type, as they were written, compressed. A block says
-- what is needed to know whether to open it. Their ids stay in event_ids.
CREATE TABLE tradewind.packed_events (
    first_position bigint PRIMARY KEY,
    last_position  bigint NOT NULL,
    tenant         text COLLATE "C" NOT NULL,
    token          text COLLATE "C" NOT NULL,
    event_type     text COLLATE "C" NOT NULL,
    session        text COLLATE "C",
    first_time     bigint NOT NULL,
    last_time      bigint NOT NULL,
    events         integer NOT NULL,
    body           bytea NOT NULL
);
ALTER TABLE tradewind.packed_events ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX packed_by_end ON tradewind.packed_events (last_position);
CREATE INDEX packed_by_token ON tradewind.packed_events (token, event_type, first_time);
CREATE INDEX packed_by_session ON tradewind.packed_events (session, first_position) WHERE session IS NOT NULL;

-- Packed ticks of candles that a late tick touches, while these are made again; empty whenever anybody else looks.
CREATE TABLE tradewind.unpacked_ticks AS SELECT * FROM tradewind.ticks WITH NO DATA;
