"""The command `unit`: prints the systemd unit that ships in the package, for the interpreter that runs it.

`--nginx` prints the sample of a proxy in front instead. What is written into a file by a person is theirs to change.
"""

import sys
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).with_name("shipped")
UNIT: Final = SHIPPED / "tradeul.service"
NGINX: Final = SHIPPED / "nginx.conf"
HOMES: Final = ("/home", "/root", "/run/user")
"""What `ProtectHome=yes` hides."""


def unit_text(python: str = sys.executable) -> str:
    """The unit for an interpreter; one that lies in somebody's home must be seen there."""
    lies_at_home = any(Path(python).is_relative_to(home) for home in HOMES)
    text = UNIT.read_text(encoding="utf-8").replace("@python@", python)
    return text.replace("@home@", "read-only" if lies_at_home else "yes")


def nginx_text() -> str:
    """The sample of a proxy that speaks TLS in front of us."""
    return NGINX.read_text(encoding="utf-8")
