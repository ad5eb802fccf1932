"""One running program for all tests of a file: a process of its own on a small simulated market, history kept."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp

from tests.history.worlds import place
from tests.support.eventually import PATIENT_S, eventually
from tests.support.market import at
from tests.support.program import STARTS_WITHIN_S, Setting


@dataclass(frozen=True)
class Shared:
    """Where it is asked, and which process it is."""

    url: str
    pid: int


@contextmanager
def shared_program(speed: float = 1.0) -> Iterator[str]:
    """Run it from a minute after the open on; where it is, once its lists stand and its past can be asked."""
    with shared_process(speed) as program:
        yield program.url


@contextmanager
def shared_process(speed: float = 1.0) -> Iterator[Shared]:
    """The same, for who looks at the process too."""
    with place() as folder:
        setting = Setting(folder, at("09:31"), speed)
        with subprocess.Popen([sys.executable, "-m", "tradeul"], env=setting.environment()) as process:
            try:
                url = f"http://127.0.0.1:{setting.port}"
                asyncio.run(eventually(lambda: _stands(url), within_s=STARTS_WITHIN_S, every_s=0.1))
                yield Shared(url, process.pid)
            finally:
                process.terminate()
                process.wait(PATIENT_S)


async def _stands(url: str) -> bool:
    """Whether there is a list, a minute of it is kept, and what is known of its companies is."""
    try:
        async with aiohttp.ClientSession(url) as client:
            async with client.get("/api/v1/history/scans?list=gappers_up&limit=1") as answer:
                rows = (await answer.json()).get("rows")
            if not rows:
                return False
            async with client.get(f"/api/v1/ticker/{rows[0]['symbol']}/metadata") as answer:
                return answer.status == HTTPStatus.OK
    except aiohttp.ClientError:
        return False
