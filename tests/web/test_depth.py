"""How deep bodies and messages are nested: measured without reading them, whatever they hold."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradeul.web.depth import MAX_DEPTH, depth_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


def depth(value: object) -> int:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0)
    return 0


@given(JSON, st.booleans())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_depth_is_that_of_the_brackets(value: object, plain: bool) -> None:
    """Brackets inside of texts are none, however they are escaped."""
    assert depth_of(json.dumps(value, ensure_ascii=plain).encode(errors="surrogatepass")) == depth(value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[" * 16_000, 16_000),
        (b'"\\"[[[', 0),
        (b'{"a": "\\\\", "b": [1]}', 2),
        (b'{"a": "]}]}", "b": [[]]}', 3),
        (b"", 0),
        (b"]]]][", 0),
    ],
)
def test_depth_of_what_is_no_json(body: bytes, expected: int) -> None:
    """What cannot be read is measured all the same, in time that is proportional to its length."""
    assert depth_of(body) == expected
    assert MAX_DEPTH == 5
