"""Recordings: what came from the vendor, kept as it came, and given back byte for byte."""
