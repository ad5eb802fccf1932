-- Which company left which symbol for which other one: from its date on it goes by the new one.

CREATE TABLE symbol_changes (
    old text NOT NULL,
    new text NOT NULL,
    date date NOT NULL,
    PRIMARY KEY (old, date)
);
