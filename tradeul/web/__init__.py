"""Serves the page, the HTTP API and the viewers' WebSocket; the only package that does."""
