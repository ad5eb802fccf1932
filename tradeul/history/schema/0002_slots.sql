-- Volumes by slot, in two shapes: while a day runs, one row per slot that closed, as that is how it comes; once it is
-- over, one row per symbol, as that is how it is asked for. volume_slots shows both row by row, and no day is in both.
-- In the arrays NaN is not known; source 0 is nothing, 1 carried, 2 backfilled, 3 live.

CREATE TABLE slot_ends (
    date date NOT NULL,
    slot smallint NOT NULL,
    symbols text[] NOT NULL,
    volumes double precision[] NOT NULL,
    sources smallint[] NOT NULL,
    PRIMARY KEY (date, slot)
);

-- How much of a day's file is in slot_ends, and whether all of it has gone to slot_days. The mark tells which file it
-- was, as a day may begin another.
CREATE TABLE slot_files (
    date date PRIMARY KEY,
    mark bytea NOT NULL,
    bytes bigint NOT NULL,
    finished boolean NOT NULL DEFAULT false
);

CREATE TABLE slot_days (
    date date NOT NULL,
    symbol text NOT NULL,
    complete boolean NOT NULL,
    volumes double precision[] NOT NULL,
    trades real[] NOT NULL,
    prices double precision[] NOT NULL,
    sources smallint[] NOT NULL,
    PRIMARY KEY (date, symbol)
) PARTITION BY RANGE (date);
-- Inside the row, compressed: 2.1 KB where values out of line take 3.1.
ALTER TABLE slot_days
    ALTER COLUMN volumes SET STORAGE MAIN,
    ALTER COLUMN trades SET STORAGE MAIN,
    ALTER COLUMN prices SET STORAGE MAIN,
    ALTER COLUMN sources SET STORAGE MAIN;

CREATE VIEW volume_slots AS
SELECT
    kept.date,
    kept.symbol,
    (line.number - 1)::integer AS slot_number,
    time '04:00' + (line.number - 1) * interval '5 minutes' AS slot_time,
    line.volume AS volume_accumulated,
    nullif(line.trades, 'NaN')::bigint AS trades_count,
    nullif(line.price, 'NaN') AS avg_price,
    (ARRAY['carried', 'backfilled', 'live'])[line.source] AS source
FROM slot_days AS kept
CROSS JOIN LATERAL unnest(kept.volumes, kept.trades, kept.prices, kept.sources)
    WITH ORDINALITY AS line (volume, trades, price, source, number)
WHERE line.source > 0
UNION ALL
SELECT
    kept.date,
    line.symbol,
    kept.slot::integer,
    time '04:00' + kept.slot * interval '5 minutes',
    line.volume,
    NULL,
    NULL,
    (ARRAY['carried', 'backfilled', 'live'])[line.source]
FROM slot_ends AS kept
CROSS JOIN LATERAL unnest(kept.symbols, kept.volumes, kept.sources) AS line (symbol, volume, source)
WHERE line.source > 0;

CREATE TABLE slot_averages (
    symbol text PRIMARY KEY,
    averages double precision[] NOT NULL,
    sessions integer NOT NULL,
    as_of date NOT NULL
);

CREATE VIEW volume_slot_averages AS
SELECT
    kept.symbol, (line.number - 1)::integer AS slot_number, line.volume AS avg_volume, kept.sessions, kept.as_of
FROM slot_averages AS kept
CROSS JOIN LATERAL unnest(kept.averages) WITH ORDINALITY AS line (volume, number);

-- Which sessions' daily bars are here in full, and as of when on the market's clock.
CREATE TABLE daily_sessions (
    date date PRIMARY KEY,
    symbols integer NOT NULL,
    loaded_at timestamptz NOT NULL
);
