"""One session with one vendor, over real sockets: who waits for whom, and where the secret goes."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from tests.support.vendor import UnhurriedClock, Vendor, answers, says
from tradeul.errors import SnapshotRefused, VendorRefused, VendorUnavailable
from tradeul.fetching.transport import Door, Fetcher

SECRET = "canary/+ 5f1d0c"  # noqa: S105  # of no door
Build = Callable[..., Fetcher]
ROUNDING = 1e-6
"""A wait is the difference of two large numbers."""


@pytest.fixture
def clock() -> UnhurriedClock:
    """Time in which nobody waits."""
    return UnhurriedClock()


@pytest.fixture
async def fetcher(clock: UnhurriedClock) -> AsyncIterator[Build]:
    """Builds a fetcher and closes it afterwards."""
    built: list[Fetcher] = []

    def build(url: str, per_minute: int | None = None) -> Fetcher:
        door = Door(url, SECRET, lambda body: body.decode(), {"X-Key": SECRET}, [("key", SECRET)])
        built.append(Fetcher(door, clock, requests_per_minute=per_minute, uniform=max))
        return built[-1]

    yield build
    for each in built:
        await each.close()


async def body_of(fetcher: Fetcher, path: str = "/x", *, patient: bool = True) -> bytes:
    """Ask, and read the whole answer."""
    async with fetcher.answer(path, [("of", "A,B")], patient=patient) as answer:
        return await answer.whole(1000)


async def test_a_question_carries_what_opens_the_door(fetcher: Build) -> None:
    """Headers and query of the door come with every question's own."""
    async with Vendor(answers(web.Response(body=b"yes"))) as vendor:
        assert await body_of(fetcher(vendor.url + "/below/")) == b"yes"

    asked = vendor.asked[0]
    assert (asked.path, dict(asked.query)) == ("/below/x", {"of": "A,B", "key": SECRET})
    assert asked.headers["X-Key"] == SECRET


async def test_a_body_larger_than_expected_is_refused(fetcher: Build) -> None:
    """A small question is not answered by a flood."""
    async with Vendor(answers(web.Response(body=bytes(1001)))) as vendor:
        with pytest.raises(SnapshotRefused):
            await body_of(fetcher(vendor.url))


async def test_after_a_refusal_the_impatient_are_told_at_once(fetcher: Build, clock: UnhurriedClock) -> None:
    """While the vendor wants us to wait, nothing is sent: the next snapshot is refused here, with the time left."""
    async with Vendor(answers(web.Response(status=429, headers={"Retry-After": "30"}))) as vendor:
        client, begun = fetcher(vendor.url), clock.monotonic()
        waits: list[float] = []
        for _ in range(5):
            with pytest.raises(VendorUnavailable) as held:
                await body_of(client, patient=False)
            waits.append(held.value.retry_after_s or 0.0)
        took_s = clock.monotonic() - begun

    assert len(vendor.asked) == 1
    assert waits == sorted(waits, reverse=True)
    assert all(30 - took_s <= wait <= 30 + ROUNDING for wait in waits)


async def test_after_a_refusal_the_patient_wait(fetcher: Build, clock: UnhurriedClock) -> None:
    """Another caller of the same client waits for what one was told, and then goes."""
    async with Vendor(answers(web.Response(status=429, headers={"Retry-After": "30"}), says("yes"))) as vendor:
        client, begun = fetcher(vendor.url), clock.monotonic()
        with pytest.raises(VendorUnavailable):
            await body_of(client, patient=False)

        assert await body_of(client) == b'"yes"'
        took_s = clock.monotonic() - begun - sum(clock.pauses)

    (pause,) = clock.pauses
    assert 30 - took_s <= pause <= 30 + ROUNDING


async def test_a_plan_of_five_a_minute_is_kept(fetcher: Build, clock: UnhurriedClock) -> None:
    """Eleven questions take two minutes, all answered."""
    async with Vendor(answers(says("yes"))) as vendor:
        client = fetcher(vendor.url, 5)
        begun = clock.monotonic()
        await asyncio.gather(*(body_of(client) for _ in range(11)))
        took_s = clock.monotonic() - begun

    assert len(vendor.asked) == 11
    assert took_s >= 120


async def test_a_status_that_is_expected_is_an_answer(fetcher: Build) -> None:
    """Whoever can make something of a 404 gets it; everyone else a refusal."""
    async with Vendor(answers(web.Response(status=404, body=b"none"))) as vendor:
        client = fetcher(vendor.url)
        async with client.answer("/x", also=[404]) as answer:
            assert (answer.status, await answer.whole(10)) == (404, b"none")
        with pytest.raises(VendorRefused):
            await body_of(client)


@pytest.mark.parametrize("form", [SECRET, "canary%2F%2B%205f1d0c", "canary%2F%2B+5f1d0c"])
async def test_the_secret_is_in_no_complaint(fetcher: Build, form: str) -> None:
    """Not as it is, and not as it stands in an address."""
    async with Vendor(answers(web.Response(status=403, body=form.encode()))) as vendor:
        with pytest.raises(VendorRefused) as refused:
            await body_of(fetcher(vendor.url))

    assert str(refused.value) == "the vendor answered 403: ***"


async def test_a_long_wait_for_words_ends(fetcher: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal whose body never comes is a refusal all the same."""
    monkeypatch.setattr("tradeul.fetching.transport.SILENCE_S", 3.0)

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=403, headers={"Content-Length": "100"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async with Vendor(stall) as vendor:
        with pytest.raises(VendorRefused, match="403"):
            await body_of(fetcher(vendor.url))
