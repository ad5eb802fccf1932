"""Whatever is asked of the running program over HTTP: it is answered as documented, and never with a mistake of ours.

`make fuzz` asks tens of times as much as everyday, and 10,000 times against every rule.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.rough import right_requests, rough_frames, rough_request
from tests.fuzz.saying import held, told
from tests.support.contract import complaints
from tests.support.shared import Shared, shared_process
from tradeul.web.protocol import CloseCode

pytestmark = [pytest.mark.slow(30), pytest.mark.timeout(1_800)]

EXCLUDED: Final = (
    # A condition is a text that must mean something, a cursor one that was given out: no schema says so.
    "positive_data_acceptance",
    # `/api/v1/alerts/history` is also where a rule of that name would be, and so has its methods.
    "allow_header_conformance",
)
MUTATIONS_AN_EXAMPLE: Final = 5_000
MUTATIONS_A_BODY: Final = 50
"""A request costs more than a mutation of bytes by about so much, and an operation has many."""
STATUS: Final = re.compile(rb"^HTTP/\d\.\d (\d{3}) ", re.MULTILINE)
ERROR: Final = re.compile(rb'\{"error":\{"code":"[a-z_]+","message":".*?","details":.*?\}\}', re.DOTALL)
OWN_WORDS: Final = (
    "price > 1",
    "rvol desc",
    "entered",
    "true",
    "winners",
    "runners",
    "20:00-07:00",
    "MARKET_OPEN",
    "price",
)


@pytest.fixture(scope="module")
def program() -> Iterator[Shared]:
    with shared_process() as shared:
        yield shared


@pytest.fixture(scope="module")
def url(program: Shared) -> str:
    return program.url


def test_schemathesis_finds_nothing(url: str, mutations: int, tmp_path: Path) -> None:
    """Over the whole document: parameters and bodies at, within and beyond their bounds; methods; every answer."""
    options = {
        "--phases": "coverage,fuzzing", "--checks": "all", "--exclude-checks": ",".join(EXCLUDED),
        "--max-examples": max(1, mutations // MUTATIONS_AN_EXAMPLE), "--seed": 1, "--request-timeout": 120,
        "--suppress-health-check": "all", "--warnings": "off", "--workers": 1,
    }  # fmt: skip
    words = [str(word) for option in options.items() for word in option]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", *words, "--continue-on-failure"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr


class Api:
    """Asks over one connection, and knows what is documented."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc)
        self.document = self.ask("GET", "/openapi.json")[1]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, content)
        answer: HTTPResponse = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        self._connection.close()

    def bodies(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """What takes a body: method, path, operation."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if "application/json" in operation.get("requestBody", {}).get("content", {}):
                    yield method.upper(), path.replace("{name}", "runners"), operation


def json_values() -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
    return st.recursive(plain | st.sampled_from(OWN_WORDS), lambda inner: st.lists(inner, max_size=3), max_leaves=4)


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[Api]:
    api = Api(url)
    yield api
    api.close()


def test_a_body_is_taken_or_refused_in_the_one_shape(api: Api, mutations: int) -> None:
    """Of any parts with any values, for each model: done, or a 4xx with a documented code that names the part."""
    cases = list(api.bodies())
    schemas = api.document["components"]["schemas"]
    assert len(cases) >= 7

    @settings(max_examples=mutations // MUTATIONS_A_BODY, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        method, path, operation = data.draw(st.sampled_from(cases))
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        parts = sorted(schemas[schema["$ref"].rpartition("/")[2]]["properties"])
        names = st.sampled_from(parts) | st.text(max_size=5)
        body = data.draw(st.dictionaries(names, json_values(), max_size=5) | json_values() | st.binary(max_size=30))
        status, said = api.ask(method, path, body)
        if status >= 300:
            assert_refused(api, operation, status, said)

    try_one()


def assert_refused(api: Api, operation: dict[str, Any], status: int, said: dict[str, Any]) -> None:
    described = operation["responses"].get(str(status), {}).get("description", "")
    assert 400 <= status < 500, said
    assert complaints(api.document, {"$ref": "#/components/schemas/Error"}, said) == []
    assert f"`{said['error']['code']}`" in described, said
    if status == 400:
        assert said["error"]["message"].startswith(f"{said['error']['details']['parameter']}: ")


async def test_no_request_is_a_mistake_of_ours(program: Shared, mutations: int) -> None:
    """Against the grammar and around the limits: an answer that is no 500, in the one shape where it refuses."""
    right = right_requests(told(program, "/openapi.json"))

    heard = await held(program, lambda seed: rough_request(right, seed), mutations)

    seen = Counter(int(status) for _, answer in heard for status in STATUS.findall(answer))
    assert [seed for seed, answer in heard if b"500" in STATUS.findall(answer)] == []
    assert {200, 400, 404, 405, 413, 414, 431} <= seen.keys()
    assert sum(1 for _, answer in heard if answer) > len(heard) * 0.5
    bodies = [answer.partition(b"\r\n\r\n")[2] for _, answer in heard if b'{"error"' in answer]
    assert [body for body in bodies if b'{"error"' in body and not ERROR.search(body)] == []


async def test_no_frame_is_a_mistake_of_ours(program: Shared, mutations: int) -> None:
    """Whatever follows a handshake, the connection is never closed with 1011, and is closed where a rule was broken."""
    heard = await held(program, rough_frames, mutations)

    bug = b"\x88\x02" + int(CloseCode.BUG).to_bytes(2)
    assert [seed for seed, answer in heard if bug in answer] == []
    assert {answer[:13] for _, answer in heard} <= {b"HTTP/1.1 101 ", b""}
    closed = {code for code in CloseCode if any(b"\x88\x02" + int(code).to_bytes(2) in answer for _, answer in heard)}
    assert closed >= {CloseCode.BINARY, CloseCode.BAD_UTF8, CloseCode.TOO_BIG}
    assert any(b"nested more than 5 deep" in answer for _, answer in heard)
