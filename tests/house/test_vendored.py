"""The parts of the page that others make: unchanged copies, of the version in the lock file, with their notices."""

import hashlib
import json
import re

from tests.house.source import ROOT

VENDORED = ROOT / "static" / "vendor"
LIBRARY = VENDORED / "lightweight-charts.js"


def sums() -> dict[str, str]:
    """What the file of checksums says, by file."""
    lines = (VENDORED / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_the_copies_are_those_that_were_taken() -> None:
    """Every file of others is in the list of checksums, and has its own; `make vendor` writes both."""
    taken = {name: hashlib.sha256((VENDORED / name).read_bytes()).hexdigest() for name in sums()}

    assert taken == sums()
    assert {path.name for path in VENDORED.glob("*.js")} <= sums().keys()
    assert "LICENSE.txt" in sums()


def test_the_copies_are_of_the_locked_version() -> None:
    """What is copied is what the lock file names, by its hash and without any address."""
    lock = json.loads((VENDORED / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    banner = LIBRARY.read_text(encoding="utf-8")[:400]

    assert f"v{lock['node_modules/lightweight-charts']['version']}" in banner
    assert all("integrity" in each and "resolved" not in each for name, each in lock.items() if name)


def test_its_maker_is_named_on_the_page() -> None:
    """The licence demands the notice and a link, where a reader sees them."""
    page = (ROOT / "static" / "index.html").read_text(encoding="utf-8")
    notice = (VENDORED / "NOTICE.txt").read_text(encoding="ascii")

    assert "https://www.tradingview.com/" in notice
    assert re.search(r'<a href="https://www\.tradingview\.com/"[^>]*>TradingView', page)
