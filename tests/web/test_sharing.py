"""What pages of other sites may read: by default nothing, and where the settings name them no more than they must."""

import pytest

from tests.support.entering import OPERATOR, VIEWER, KeptTokens, ask, bearer
from tests.support.web import served
from tests.web.test_gate import code_of
from tradeul.web.gate import Rules

PAGE = "https://desk.example.com"
OTHERS = ["https://evil.example.com", "http://desk.example.com", "https://desk.example.com:444", "null", ""]
NAMED = Rules(allowed_origins=(PAGE,))
PATHS = ("/api/v1/fields", "/health", "/nothing", "/api/v1/scanner/categories/none", "/openapi.json")
PREFLIGHT = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
SHARING = "access-control-"


def shared(headers: dict[str, str]) -> dict[str, str]:
    """What of the headers speaks of other sites."""
    return {name: value for name, value in headers.items() if name.startswith(SHARING)}


@pytest.mark.parametrize("origin", [PAGE, *OTHERS])
async def test_nothing_is_shared_unless_it_is_configured(origin: str) -> None:
    """No answer says so to any page, asked before acting or not."""
    async with served() as world:
        answers = [await ask(world, path, {"Origin": origin}) for path in PATHS]
        answers.append(await ask(world, PATHS[0], {"Origin": origin, **PREFLIGHT}, "OPTIONS"))

    assert [shared(headers) for _, headers, _ in answers] == [{}] * len(answers)
    assert answers[-1][0] == 405
    assert not any("origin" in headers.get("vary", "").lower() for _, headers, _ in answers)


async def test_a_page_that_is_named_reads_every_answer() -> None:
    """Errors too, as it has to tell what is wrong; caches are told that the answer is for that page."""
    async with served(rules=NAMED) as world:
        answers = [await ask(world, path, {"Origin": PAGE}) for path in PATHS]

    for _, headers, _ in answers:
        assert headers["access-control-allow-origin"] == PAGE
        assert "ETag" in headers["access-control-expose-headers"]
        assert "Origin" in headers["vary"]


@pytest.mark.parametrize("origin", [None, *OTHERS])
async def test_no_other_page_reads_anything(origin: str | None) -> None:
    """Nor is it told what may be asked; a cache does not take its answer for the named page's."""
    headers = {} if origin is None else {"Origin": origin}
    async with served(rules=NAMED) as world:
        answers = [await ask(world, path, headers) for path in PATHS]
        asked = await ask(world, PATHS[0], headers | PREFLIGHT, "OPTIONS")

    assert [shared(found) for _, found, _ in (*answers, asked)] == [{}] * (len(answers) + 1)
    assert all("Origin" in found["vary"] for _, found, _ in answers)
    assert asked[0] == 405


async def test_no_cookie_is_lent_to_another_page() -> None:
    """Whoever is signed in here is not who reads there: the page shows a token of its own."""
    rules = Rules(tokens=KeptTokens(), allowed_origins=(PAGE,))
    async with served(rules=rules) as world:
        stranger = await ask(world, "/api/v1/fields", {"Origin": PAGE})
        signed_in = await ask(world, "/api/v1/fields", {"Origin": PAGE, "Cookie": f"tradeul={VIEWER}"})
        by_token = await ask(world, "/api/v1/fields", {"Origin": PAGE, **bearer(VIEWER)})

    assert code_of(stranger) == (401, "unauthorised")
    assert (signed_in[0], by_token[0]) == (200, 200)
    for _, headers, _ in (stranger, signed_in, by_token):
        assert headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-credentials" not in headers


async def test_a_browser_asks_first_without_a_token() -> None:
    """It sends none with that question, and is told which methods and headers the page may use; then tokens count."""
    rules = Rules(tokens=KeptTokens(), allowed_origins=(PAGE,))
    async with served(rules=rules) as world:
        asked = await ask(world, "/api/v1/pins/X", {"Origin": PAGE, **PREFLIGHT}, "OPTIONS")
        viewer = await ask(world, "/api/v1/pins/X", {"Origin": PAGE, **bearer(VIEWER)}, "DELETE")
        operator = await ask(world, "/api/v1/pins/X", {"Origin": PAGE, **bearer(OPERATOR)}, "DELETE")
        misled = await ask(world, "/", {"Origin": PAGE, "Host": "evil.example.com", **PREFLIGHT}, "OPTIONS")

    assert (asked[0], asked[2]) == (204, b"")
    assert asked[1]["access-control-allow-origin"] == PAGE
    assert "DELETE" in asked[1]["access-control-allow-methods"]
    assert "Authorization" in asked[1]["access-control-allow-headers"]
    assert code_of(viewer) == (403, "forbidden")
    assert operator[0] == 404
    assert code_of(misled) == (421, "misdirected_request")
