"""The second vendor's dialect: what it knows of companies, in the symbols and words of the market."""
