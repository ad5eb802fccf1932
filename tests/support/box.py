"""`python -m tradeul exchange` as a process of its own, for clients that are not ours."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.eventually import PATIENT_S

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Box:
    """Where the exchange listens."""

    rest_url: str
    ws_url: str
    key: str

    @property
    def address(self) -> str:
        """Host and port, as some clients want it."""
        return self.rest_url.removeprefix("http://")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask as a person with a command-line client would."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(self.rest_url + path, content, headers, method=method)  # noqa: S310  # ours
        with urllib.request.urlopen(request, timeout=PATIENT_S) as answer:  # noqa: S310  # ours
            return json.loads(answer.read())

    def switch_on(self, fault: str, **wishes: Any) -> None:
        """Have something go wrong."""
        self.ask("PUT", f"/faults/{fault}", wishes)


@contextmanager
def exchange_process(*arguments: str, key: str = "a-key") -> Iterator[Box]:
    """Run the command until the block ends."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TRADEUL_LOG__FORMAT": "json"}
    command = [sys.executable, "-m", "tradeul", "exchange", "--port", "0", "--key", key, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield _served(process, key)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENT_S)


def _served(process: subprocess.Popen[str], key: str) -> Box:
    assert process.stderr is not None
    for line in process.stderr:
        said = json.loads(line)
        if said["event"] == "exchange_served":
            return Box(said["rest"], said["websocket"], key)
    raise AssertionError("the exchange ended before it was served")
