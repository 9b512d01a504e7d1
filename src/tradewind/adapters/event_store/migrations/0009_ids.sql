-- Ids rise with time, so new ones come at the end of their index: its pages can be full. What is to be forgotten by time
-- is found without looking at all ids, since neighbours are of about one time.
ALTER INDEX tradewind.event_ids_pkey SET (fillfactor = 100);
CREATE INDEX ids_by_time ON tradewind.event_ids USING brin (time_event);
