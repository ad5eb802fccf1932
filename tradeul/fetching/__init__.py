"""Asking a vendor over HTTP, whoever it is: one way to wait, to retry, to unpack and to read long lists as they come.

Below the vendors' packages, which may not import each other, and without a word of any of their dialects.
"""
