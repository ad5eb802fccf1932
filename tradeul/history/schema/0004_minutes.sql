-- Minutes of symbols: which of two about one minute counts, and of which days all of them are there.

ALTER TABLE aggregates_1min ADD COLUMN as_of timestamptz NOT NULL DEFAULT '-infinity';
CREATE INDEX aggregates_1min_time ON aggregates_1min USING brin (time);

-- The vendor's minutes of a symbol's day as they were at `asked_at`; for good if that was long enough after its end.
CREATE TABLE minutes_completed (
    symbol text NOT NULL,
    date date NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (symbol, date)
);
