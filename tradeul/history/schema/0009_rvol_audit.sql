-- What the nightly audit of relative volumes found: a day, its slots by method, its methods, and who was furthest off.
-- Errors are in percent of what should have been published, without their sign but for bias and error.

CREATE TABLE rvol_audits (
    date date PRIMARY KEY,
    audited_at timestamptz NOT NULL,
    symbols integer NOT NULL,
    failed integer NOT NULL,
    compared bigint NOT NULL,
    quiet bigint NOT NULL,
    unpublished bigint NOT NULL,
    unrated bigint NOT NULL,
    unproven bigint NOT NULL,
    without_bars bigint NOT NULL,
    silent_slots smallint[] NOT NULL,
    n bigint NOT NULL,
    median double precision,
    p90 double precision,
    p99 double precision,
    max double precision,
    within_1_percent double precision,
    bias double precision
);

CREATE TABLE rvol_audit_slots (
    date date NOT NULL REFERENCES rvol_audits ON DELETE CASCADE,
    slot smallint NOT NULL,
    method text NOT NULL,
    n bigint NOT NULL,
    median double precision NOT NULL,
    p90 double precision NOT NULL,
    p99 double precision NOT NULL,
    max double precision NOT NULL,
    within_1_percent double precision NOT NULL,
    bias double precision NOT NULL,
    PRIMARY KEY (date, slot, method)
);

CREATE TABLE rvol_audit_methods (
    date date NOT NULL REFERENCES rvol_audits ON DELETE CASCADE,
    method text NOT NULL,
    source text NOT NULL,
    n bigint NOT NULL,
    median double precision NOT NULL,
    p90 double precision NOT NULL,
    p99 double precision NOT NULL,
    max double precision NOT NULL,
    within_1_percent double precision NOT NULL,
    bias double precision NOT NULL,
    PRIMARY KEY (date, method, source)
);

CREATE TABLE rvol_audit_worst (
    date date NOT NULL REFERENCES rvol_audits ON DELETE CASCADE,
    place smallint NOT NULL,
    symbol text NOT NULL,
    slot smallint NOT NULL,
    method text NOT NULL,
    source text NOT NULL,
    published double precision NOT NULL,
    recomputed double precision NOT NULL,
    error double precision NOT NULL,
    median double precision NOT NULL,
    PRIMARY KEY (date, place)
);
