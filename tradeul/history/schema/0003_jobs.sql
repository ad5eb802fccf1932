-- What the jobs keep beside what they load: how far they came, so that a run after a kill goes on where the last ended.

-- Moments are the market's. A row that is changed in what a board shows takes the next number of ticker_changes, so
-- that whoever shows it asks for what is newer than the last it saw; no clock could say that as surely.
CREATE SEQUENCE ticker_changes;
ALTER TABLE ticker_metadata
    ADD COLUMN profile_at timestamptz,
    ADD COLUMN company_at timestamptz,
    ADD COLUMN change bigint NOT NULL DEFAULT 0;
CREATE INDEX ticker_metadata_change ON ticker_metadata (change);

-- From its date on, `old` shares are `new` ones.
CREATE TABLE splits (
    symbol text NOT NULL,
    date date NOT NULL,
    old double precision NOT NULL,
    new double precision NOT NULL,
    PRIMARY KEY (symbol, date)
);

-- For how many sessions it was asked; NULL: as many as the job usually loads.
ALTER TABLE maintenance_runs ADD COLUMN days integer;
