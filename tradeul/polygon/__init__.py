"""The vendor's dialect: the only package, with the simulated exchange, that knows its names."""
