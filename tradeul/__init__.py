"""tradeul: a real-time scanner of US equities that one person can run."""
