-- One row that every writer locks: places are given out in the order in which they are committed, so who reads on after
-- a place never misses one that was given earlier and committed later.
CREATE TABLE tradewind.places (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    last          bigint NOT NULL,
    purged_before timestamptz NOT NULL
);
INSERT INTO tradewind.places (last, purged_before) VALUES (0, '-infinity');

-- An event is stored once. A key of the partitioned table would have to hold the time, and could not say so.
CREATE TABLE tradewind.event_ids (
    event_id    uuid PRIMARY KEY,
    position    bigint NOT NULL,
    time_event  bigint NOT NULL
);

CREATE TABLE tradewind.bookmarks (name text PRIMARY KEY, position bigint NOT NULL);
