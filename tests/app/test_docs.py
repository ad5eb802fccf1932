"""A newcomer's first hour: the examples of the page at /docs, run as they stand there, against the running program."""

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.page import launched, open_page
from tests.support.reading import Example, read
from tests.support.shared import shared_program

pytestmark = pytest.mark.slow(15)

RUNNERS: dict[str, Sequence[str]] = {
    "sh": ("bash", "-euo", "pipefail", "-c"),
    "python": (sys.executable, "-I", "-u", "-c"),
    "node": ("node", "--input-type=module", "-e"),
}
WITHIN_S = 120.0
HEARTBEATS = 2


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with shared_program() as address:
        yield address


def examples(url: str, *, live: bool) -> list[Example]:
    with urlopen(f"{url}/docs") as answer:  # noqa: S310  # ours
        found = read(answer.read().decode()).examples
    return [example for example in found if example.live == live]


def symbols_of(url: str) -> list[str]:
    with urlopen(f"{url}/api/v1/scanner/categories/gappers_up?limit=3") as answer:  # noqa: S310  # ours
        return [row["symbol"] for row in json.load(answer)["rows"]]


async def run(example: Example, folder: Path) -> str:
    """Run one to its end in an empty folder."""
    command = [*RUNNERS[example.language], example.code]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=-1, stderr=-1)
    async with asyncio.timeout(WITHIN_S):
        said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return said.decode()


async def test_the_first_examples_run(url: str, tmp_path: Path) -> None:
    """Each ends well and shows rows; the three ways to ask for one list show the same symbols."""
    first: list[list[str]] = []
    for example in examples(url, live=False):
        said = await run(example, tmp_path)
        assert said.strip(), example
        assert '"error"' not in said, example
        if example.language != "sh" and "gappers_up?limit=3" in example.code:
            first.append([line.split()[1] for line in said.splitlines()])

    held = symbols_of(url)
    assert held
    assert len(first) == 2
    assert all(set(symbols) & set(held) for symbols in first)
    assert {example.language for example in examples(url, live=False)} == set(RUNNERS)


@pytest.mark.browser
async def test_the_live_clients_hold_the_list(url: str, browser_path: str, tmp_path: Path) -> None:
    """At heartbeat after heartbeat they are where the server is, with the checksum that the server has: as a program in
    Python, and in the console of a browser that shows the page.
    """
    codes = {each.language: each.code for each in examples(url, live=True)}

    said = await asyncio.gather(said_in_python(codes["python"], tmp_path), said_on(url, browser_path, codes["browser"]))

    for lines in said:
        assert_right(lines)


async def said_in_python(code: str, folder: Path) -> list[str]:
    process = await asyncio.create_subprocess_exec(*RUNNERS["python"], code, cwd=folder, stdout=-1)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(WITHIN_S):
            said: list[str] = []
            while not has_moved(said):
                said.append((await process.stdout.readline()).decode())
            return said
    finally:
        process.kill()
        await process.communicate()


async def said_on(url: str, browser_path: str, code: str) -> list[str]:
    said: list[str] = []
    heard = asyncio.Event()

    def listen(text: str) -> None:
        said.append(text)
        if has_moved(said):
            heard.set()

    async with launched(browser_path) as browser, open_page(f"{url}/docs", browser) as opened:
        opened.page.on("console", lambda message: listen(message.text))
        await opened.page.evaluate(f"() => {{ {code} }}")
        async with asyncio.timeout(WITHIN_S):
            await heard.wait()
    return said


def has_moved(said: Sequence[str]) -> bool:
    """Whether there were heartbeats at two states of the list; on a busy machine it may stand from one to the next."""
    return len({line.strip() for line in said}) >= HEARTBEATS


def assert_right(said: Sequence[str]) -> None:
    """The list moved on, and was right each time."""
    told = [re.fullmatch(r"gappers_up at (\d+) has (\d+) rows: right", line.strip()) for line in said]
    assert all(told), said
    sequences = [int(each[1]) for each in told if each]
    assert sequences == sorted(sequences)
    assert all(int(each[2]) for each in told if each)
