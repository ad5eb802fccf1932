"""The unit for systemd: what it must say, for the interpreter that prints it."""

import pytest

from tradeul.unit import shipped_text, unit_text


def said(text: str) -> dict[str, list[str]]:
    """What each setting is set to, in order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_says_what_was_promised() -> None:
    """Notify, watchdog, credentials, state, limits, who is killed how, and when it is started anew."""
    unit = said(unit_text("/opt/tradeul/current/bin/python"))

    assert unit["ExecStart"] == ["/opt/tradeul/current/bin/python -m tradeul run"]
    assert (unit["Type"], unit["NotifyAccess"], unit["WatchdogSec"]) == (["notify"], ["main"], ["30"])
    assert [each.partition(":")[0] for each in unit["LoadCredential"]] == [
        each.partition(":")[0] for each in unit["SetCredential"]
    ]
    assert (unit["StateDirectory"], unit["KillMode"]) == (["tradeul"], ["mixed"])
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == (["always"], ["2"])
    assert {"MemoryMax", "LimitNOFILE", "TasksMax"} <= unit.keys()
    assert "@" not in unit_text("/x").replace("@system-service", "").replace("@privileged @resources", "")


@pytest.mark.parametrize(
    ("python", "home"), [("/usr/bin/python3", "yes"), ("/home" + "/me/venv/bin/python", "read-only")]
)
def test_an_interpreter_at_home_is_seen(python: str, home: str) -> None:
    """Otherwise nobody's home is."""
    assert said(unit_text(python))["ProtectHome"] == [home]


def test_the_proxy_passes_on_what_we_go_by() -> None:
    """Host, the caller's address, and the WebSocket's upgrade; it waits longer than a heartbeat."""
    text = shipped_text("nginx")

    for line in (
        "proxy_set_header Host $host;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_buffering off;",
    ):
        assert line in text
