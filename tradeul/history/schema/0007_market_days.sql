-- Days of the whole market to be played again, and what was known of securities when.

-- Beside slot_days: the prices of each slot; NaN where nothing traded.
CREATE TABLE slot_prices (
    date date NOT NULL,
    symbol text NOT NULL,
    open real[] NOT NULL,
    high real[] NOT NULL,
    low real[] NOT NULL,
    close real[] NOT NULL,
    PRIMARY KEY (date, symbol)
) PARTITION BY RANGE (date);
ALTER TABLE slot_prices
    ALTER COLUMN open SET STORAGE MAIN,
    ALTER COLUMN high SET STORAGE MAIN,
    ALTER COLUMN low SET STORAGE MAIN,
    ALTER COLUMN close SET STORAGE MAIN;

-- Every change of what lists may ask about a security: the newest row up to a moment is what was known then.
CREATE TABLE ticker_known (
    symbol text NOT NULL,
    since timestamptz NOT NULL,
    company_name text,
    exchange text,
    type text,
    sector text,
    industry text,
    market_cap double precision,
    float_shares double precision,
    shares_outstanding double precision,
    beta double precision,
    is_etf boolean,
    PRIMARY KEY (symbol, since)
);

INSERT INTO ticker_known
SELECT symbol, updated_at, company_name, exchange, type, sector, industry, market_cap, float_shares,
    shares_outstanding, beta, is_etf
FROM ticker_metadata;

-- Whoever writes what is known writes its past too, and cannot forget to.
CREATE FUNCTION note_what_is_known() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO ticker_known VALUES (NEW.symbol, NEW.updated_at, NEW.company_name, NEW.exchange, NEW.type, NEW.sector,
        NEW.industry, NEW.market_cap, NEW.float_shares, NEW.shares_outstanding, NEW.beta, NEW.is_etf)
    ON CONFLICT (symbol, since) DO UPDATE SET company_name = excluded.company_name, exchange = excluded.exchange,
        type = excluded.type, sector = excluded.sector, industry = excluded.industry,
        market_cap = excluded.market_cap, float_shares = excluded.float_shares,
        shares_outstanding = excluded.shares_outstanding, beta = excluded.beta, is_etf = excluded.is_etf;
    RETURN NULL;
END $$;
CREATE TRIGGER ticker_metadata_known_first AFTER INSERT ON ticker_metadata
    FOR EACH ROW EXECUTE FUNCTION note_what_is_known();
CREATE TRIGGER ticker_metadata_known_then AFTER UPDATE ON ticker_metadata
    FOR EACH ROW WHEN ((OLD.company_name, OLD.exchange, OLD.type, OLD.sector, OLD.industry, OLD.market_cap,
        OLD.float_shares, OLD.shares_outstanding, OLD.beta, OLD.is_etf) IS DISTINCT FROM (NEW.company_name,
        NEW.exchange, NEW.type, NEW.sector, NEW.industry, NEW.market_cap, NEW.float_shares, NEW.shares_outstanding,
        NEW.beta, NEW.is_etf))
    EXECUTE FUNCTION note_what_is_known();
