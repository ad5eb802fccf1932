-- What happened in the lists, and the plain tables of reference, bars and jobs. Applied once, in a transaction.
--
-- Tables of a day's rows are parted by day of New York's calendar, so that a market day lies in one part and is dropped
-- as one. Their first key is the time: the newest rows are found by walking the key backwards, and a batch that is
-- written twice is written once.

CREATE TABLE ticker_metadata (
    symbol text PRIMARY KEY,
    company_name text,
    exchange text,
    type text,
    sector text,
    industry text,
    market_cap double precision,
    float_shares double precision,
    shares_outstanding double precision,
    avg_volume_30d double precision,
    avg_volume_10d double precision,
    avg_price_30d double precision,
    beta double precision,
    is_etf boolean,
    is_actively_trading boolean,
    updated_at timestamptz NOT NULL
);

CREATE TABLE daily_ohlc (
    date date NOT NULL,
    symbol text NOT NULL,
    open double precision,
    high double precision,
    low double precision,
    close double precision,
    volume double precision,
    vwap double precision,
    trades double precision,
    PRIMARY KEY (symbol, date)
);
CREATE INDEX daily_ohlc_date ON daily_ohlc (date);

CREATE TABLE ticker_atr (
    symbol text NOT NULL,
    date date NOT NULL,
    period integer NOT NULL,
    atr double precision,
    atr_percent double precision,
    PRIMARY KEY (symbol, period, date)
);

CREATE TABLE aggregates_1min (
    time timestamptz NOT NULL,
    symbol text NOT NULL,
    open double precision,
    high double precision,
    low double precision,
    close double precision,
    volume double precision,
    vwap double precision,
    trades double precision,
    PRIMARY KEY (symbol, time)
) PARTITION BY RANGE (time);

-- Two trades may be alike in everything, so this one has no key.
CREATE TABLE ticks (
    time timestamptz NOT NULL,
    symbol text NOT NULL,
    price double precision,
    size double precision,
    exchange integer,
    conditions integer[]
) PARTITION BY RANGE (time);
CREATE INDEX ticks_symbol_time ON ticks (symbol, time);

CREATE TABLE list_events (
    time timestamptz NOT NULL,
    list text NOT NULL,
    symbol text NOT NULL,
    event text NOT NULL,
    rank integer NOT NULL,
    price double precision,
    reason text NOT NULL,
    PRIMARY KEY (time, list, symbol, event)
) PARTITION BY RANGE (time);
CREATE INDEX list_events_symbol_time ON list_events (symbol, time);

CREATE TABLE list_states (
    time timestamptz NOT NULL,
    list text NOT NULL,
    symbols text[] NOT NULL,
    prices double precision[] NOT NULL,
    changes double precision[] NOT NULL,
    rvols double precision[] NOT NULL,
    volumes double precision[] NOT NULL,
    PRIMARY KEY (time, list)
) PARTITION BY RANGE (time);

-- One row per list and minute instead of one per symbol: a fiftieth of the rows. scan_results shows it row by row.
CREATE TABLE list_results (
    time timestamptz NOT NULL,
    list text NOT NULL,
    symbols text[] NOT NULL,
    prices double precision[] NOT NULL,
    changes double precision[] NOT NULL,
    rvols double precision[] NOT NULL,
    volumes double precision[] NOT NULL,
    market_caps double precision[] NOT NULL,
    PRIMARY KEY (time, list)
) PARTITION BY RANGE (time);
CREATE INDEX list_results_symbols ON list_results USING gin (symbols);

-- A scan is known by its moment: all lists of one scan have one scan_id.
CREATE VIEW scan_results AS
SELECT
    (extract(epoch FROM kept.time) * 1000000)::bigint AS scan_id,
    kept.time AS scan_timestamp,
    kept.list,
    line.rank::integer AS rank,
    line.symbol,
    line.price,
    line.volume,
    line.rvol,
    line.change_percent,
    line.market_cap
FROM list_results AS kept
CROSS JOIN LATERAL unnest(
    kept.symbols, kept.prices, kept.volumes, kept.rvols, kept.changes, kept.market_caps
) WITH ORDINALITY AS line (symbol, price, volume, rvol, change_percent, market_cap, rank);

-- What was stored later than the market clock showed when the program started.
CREATE TABLE set_aside (
    set_at timestamptz NOT NULL DEFAULT now(),
    table_name text NOT NULL,
    time timestamptz NOT NULL,
    row jsonb NOT NULL
);
CREATE INDEX set_aside_set_at ON set_aside (set_at);

CREATE TABLE user_scans (
    name text PRIMARY KEY,
    definition jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE alert_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time timestamptz NOT NULL,
    rule text NOT NULL,
    symbol text,
    list text,
    text text NOT NULL,
    data jsonb NOT NULL
);
CREATE INDEX alert_history_time ON alert_history (time);

CREATE TABLE maintenance_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    state text NOT NULL,
    rows_written bigint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT ''
);
CREATE INDEX maintenance_runs_job ON maintenance_runs (job, started_at);
