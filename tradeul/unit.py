"""The command `unit`: prints what ships in the package for whoever runs the program as a service.

The systemd unit, for the interpreter that prints it; or the sample of a proxy in front, the rules for Prometheus, the
dashboard for Grafana. Once in a file of somebody's they are theirs to change.
"""

import sys
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).with_name("shipped")
UNIT: Final = SHIPPED / "tradeul.service"
OTHERS: Final = {"nginx": "nginx.conf", "alerts": "alerts.yml", "dashboard": "grafana.json"}
"""What else ships, by the option that prints it."""
HOMES: Final = ("/home", "/root", "/run/user")
"""What `ProtectHome=yes` hides."""


def unit_text(python: str = sys.executable) -> str:
    """The unit for an interpreter; one that lies in somebody's home must be seen there."""
    lies_at_home = any(Path(python).is_relative_to(home) for home in HOMES)
    text = UNIT.read_text(encoding="utf-8").replace("@python@", python)
    return text.replace("@home@", "read-only" if lies_at_home else "yes")


def shipped_text(name: str) -> str:
    """One of the others."""
    return (SHIPPED / OTHERS[name]).read_text(encoding="utf-8")
