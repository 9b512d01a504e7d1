-- What is to be forgotten by time is found without looking at all ids: neighbours are of about one time.
CREATE INDEX ids_by_time ON tradewind.event_ids USING brin (time_event);
