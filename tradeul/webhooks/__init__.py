"""Tells other people's programs of alerts, over HTTP, for as long as it takes."""
