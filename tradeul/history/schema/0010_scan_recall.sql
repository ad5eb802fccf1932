-- What each list should have shown on a day that is over, and what it did show of that.

CREATE TABLE scan_recall_days (
    date date PRIMARY KEY,
    made_at timestamptz NOT NULL,
    sources jsonb NOT NULL,
    silences jsonb NOT NULL
);

CREATE TABLE scan_recall (
    date date NOT NULL REFERENCES scan_recall_days ON DELETE CASCADE,
    number integer NOT NULL,
    list text NOT NULL,
    title text NOT NULL,
    size integer NOT NULL,
    met integer NOT NULL,
    shown integer NOT NULL,
    in_time integer NOT NULL,
    late integer NOT NULL,
    missed integer NOT NULL,
    below_cut integer NOT NULL,
    extra integer NOT NULL,
    filtered integer NOT NULL,
    recall_pct double precision,
    in_time_pct double precision,
    late_p50_s double precision,
    late_p90_s double precision,
    late_max_s double precision,
    late_within jsonb NOT NULL,
    filtered_by jsonb NOT NULL,
    note text NOT NULL,
    PRIMARY KEY (date, list)
);

CREATE TABLE scan_recall_symbols (
    date date NOT NULL REFERENCES scan_recall_days ON DELETE CASCADE,
    list text NOT NULL,
    number integer NOT NULL,
    symbol text NOT NULL,
    verdict text NOT NULL,
    reason text NOT NULL,
    due_at timestamptz,
    shown_at timestamptz,
    late_s double precision,
    best_rank integer,
    images_due integer NOT NULL,
    images_shown integer NOT NULL,
    PRIMARY KEY (date, list, symbol)
);
