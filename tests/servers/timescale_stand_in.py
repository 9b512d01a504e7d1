"""A stand-in for TimescaleDB's licensed edition in a plain PostgreSQL, for what Tradewind itself does on such a server.

It is not TimescaleDB: its functions write down that they were called and with what, a continuous aggregate is a plain
view (which is what one says in the end), and nothing is compressed. That the real edition takes these statements is not
shown by it; `test_postgres_candles.py` shows that the free edition refuses them for its licence and for nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.servers.postgres import PostgresServer

from tradewind.adapters.event_store import postgres_schema

CONTINUOUS = re.compile(
    r"CREATE MATERIALIZED VIEW (\S+)\s+WITH \(timescaledb\.continuous, timescaledb\.materialized_only = false\) AS(.*?)"
    r"WITH NO DATA;",
    re.DOTALL,
)
SETTINGS = re.compile(r"ALTER TABLE (\S+) SET \((timescaledb\.compress.*?)\);", re.DOTALL)
STAND_IN = """
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    SELECT 15999, 'timescaledb', 10, oid, false, '2.19.3' FROM pg_namespace WHERE nspname = 'public';
CREATE TABLE public.calls (number int GENERATED ALWAYS AS IDENTITY, call text, said text);
CREATE FUNCTION note(call text, VARIADIC said text[]) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO public.calls (call, said) VALUES (call, array_to_string(said, ', ')) $$;
CREATE FUNCTION create_hypertable(relation regclass, time_column_name name, chunk_time_interval interval,
    create_default_indexes boolean) RETURNS void LANGUAGE sql
    AS $$ SELECT note('create_hypertable', relation::text, time_column_name::text, chunk_time_interval::text) $$;
CREATE FUNCTION add_continuous_aggregate_policy(view regclass, start_offset interval, end_offset interval,
    schedule_interval interval) RETURNS int LANGUAGE sql
    AS $$ SELECT note('refresh_policy', view::text, start_offset::text, end_offset::text); SELECT 1 $$;
CREATE FUNCTION add_compression_policy(relation regclass, compress_after interval, if_not_exists boolean)
    RETURNS int LANGUAGE sql
    AS $$ SELECT note('compression_policy', relation::text, compress_after::text); SELECT 2 $$;
CREATE FUNCTION add_retention_policy(relation regclass, drop_after interval, if_not_exists boolean DEFAULT false)
    RETURNS int LANGUAGE sql AS $$ SELECT note('retention_policy', relation::text, drop_after::text); SELECT 3 $$;
CREATE FUNCTION remove_retention_policy(relation regclass, if_exists boolean DEFAULT false) RETURNS void LANGUAGE sql
    AS $$ SELECT note('no_retention_policy', relation::text) $$;
CREATE FUNCTION drop_chunks(relation regclass, older_than timestamptz) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
        PERFORM note('drop_chunks', relation::text);
        DELETE FROM tradewind.events WHERE date_trunc('day', "timestamp", 'UTC') + INTERVAL '1 day' <= older_than;
    END $$;
CREATE PROCEDURE refresh_continuous_aggregate(view regclass, window_start timestamptz, window_end timestamptz)
    LANGUAGE plpgsql AS $$ BEGIN
        COMMIT;  -- as the real one, this cannot be done inside a transaction of somebody's
        PERFORM note('refresh', view::text, (window_end - window_start > INTERVAL '2 days')::text, window_start::text);
    END $$;
CREATE FUNCTION time_bucket(width interval, ts timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    AS $$ SELECT date_bin(width, ts, '2000-01-03 00:00+00') $$;
CREATE FUNCTION earlier(text[], float8, numeric) RETURNS text[] LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE WHEN $1[1]::numeric <= $3 THEN $1 ELSE ARRAY[$3::text, $2::text] END $$;
CREATE FUNCTION later(text[], float8, numeric) RETURNS text[] LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE WHEN $1[1]::numeric >= $3 THEN $1 ELSE ARRAY[$3::text, $2::text] END $$;
CREATE FUNCTION its_value(text[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT $1[2]::float8 $$;
CREATE AGGREGATE first(float8, numeric) (SFUNC = earlier, STYPE = text[], FINALFUNC = its_value);
CREATE AGGREGATE last(float8, numeric) (SFUNC = later, STYPE = text[], FINALFUNC = its_value);
"""


def stand_in_database(server: PostgresServer) -> str:
    """The URL of a database whose server says that it is TimescaleDB with its licence."""
    url = server.new_database()
    name = url.rpartition("/")[2]
    for statement in re.split(r";\n(?=INSERT|CREATE)", STAND_IN):
        server.ask(statement, name)
    server.ask(f"ALTER DATABASE {name} SET timescaledb.license = 'timescale'")
    return url


def stand_in_migrations(folder: Path) -> Path:
    """The migrations, with what only the real extension can parse said in plain PostgreSQL."""
    for path in postgres_schema.FOLDER.glob("*.sql"):
        text = CONTINUOUS.sub(r"CREATE VIEW \1 AS\2;", path.read_text(encoding="utf-8"))
        text = SETTINGS.sub(
            lambda m: f"SELECT note('compress', '{m[1]}', '{m[2].replace(chr(39), chr(39) * 2)}');", text
        )
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder
