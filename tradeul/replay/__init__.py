"""Recordings played again: through the client's decoders, the engine, the lists and the page that are used live."""
