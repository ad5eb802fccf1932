"""`python -m tradeul`."""

from tradeul.cli import run_and_leave

run_and_leave()
