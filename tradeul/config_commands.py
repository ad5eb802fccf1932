"""The commands `check-config` and `print-config`: whether the configuration is right, and what it is here."""

from pathlib import Path
from typing import TextIO

from tradeul.configuration import config_document, effective_document, load_settings
from tradeul.entrance import rules_of


def check(config: Path | None, out: TextIO) -> None:
    """Read everything that a start reads; raises `ConfigurationError` of one line where something is wrong."""
    settings = load_settings(config)
    rules_of(settings.server)
    out.write("the configuration is right\n")


def show(config: Path | None, out: TextIO, *, defaults: bool) -> None:
    """Print it as it holds here, or the documented file with all defaults."""
    out.write(config_document() if defaults else effective_document(load_settings(config)))
