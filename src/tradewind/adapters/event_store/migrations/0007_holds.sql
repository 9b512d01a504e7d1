-- Events that a hold describes are not forgotten, however old they are. query is an EventQuery's fields.
CREATE TABLE tradewind.holds (
    name      text PRIMARY KEY,
    query     text NOT NULL,
    reason    text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now()
);
