"""Scan recall: what met a list's definition on a day that is over and was shown late or never, and why.

The job (`job`) has a process of its own (`worker`) play the full day again: the stored day, and recordings of it.
"""
