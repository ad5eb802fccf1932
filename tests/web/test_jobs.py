"""Jobs over HTTP and in the status frame."""

import json
from typing import Any

import pytest

from tests.support.eventually import running
from tests.support.jobs import ScriptedJobs
from tests.support.web import Served, TestViewer, raw_answer, served, viewer
from tradeul.engine.ports import JobNews
from tradeul.web.news import JOBS_S, STATUS_S
from tradeul.web.routes.jobs import JobRoutes


async def post(world: Served, path: str, body: str = "", *headers: str) -> tuple[int, Any]:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1:8000",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    status, _, answer = await raw_answer(world, ("\r\n".join([*lines, "", ""]) + body).encode())
    return status, json.loads(answer)


async def test_all_jobs_are_told() -> None:
    """With their progress and runs, as the jobs tell it."""
    jobs = ScriptedJobs({"done": 3})
    async with served(more=[JobRoutes(jobs)]) as world:
        status, _, body = await raw_answer(
            world, b"GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )

    assert (status, json.loads(body)) == (200, jobs.report())


@pytest.mark.parametrize(("body", "days"), [("", None), ("{}", None), ('{"days":null}', None), ('{"days":30}', 30)])
async def test_a_run_is_asked_for(body: str, days: int | None) -> None:
    """It is accepted, and its number is told."""
    jobs = ScriptedJobs({})
    async with served(more=[JobRoutes(jobs)]) as world:
        assert await post(world, "/api/v1/jobs/slots", body) == (202, {"job": "slots", "run": 7})

    assert jobs.asked == [("slots", days)]


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "said"),
    [
        ("/api/v1/jobs/slotz", "", 404, "unknown_job", "there is no job slotz: there are slots"),
        ("/api/v1/jobs/slots", '{"days":0}', 400, "bad_parameter", "days: "),
        ("/api/v1/jobs/slots", '{"days":401}', 400, "bad_parameter", "days: "),
        ("/api/v1/jobs/slots", '{"days":"5"}', 400, "bad_parameter", "days: "),
        ("/api/v1/jobs/slots", '{"days":true}', 400, "bad_parameter", "days: "),
        ("/api/v1/jobs/slots", '{"day":5}', 400, "bad_parameter", "day: "),
        ("/api/v1/jobs/slots", "[]", 400, "bad_parameter", "body: "),
        ("/api/v1/jobs/slots", "{", 400, "bad_parameter", "body: "),
    ],
)
async def test_what_is_wrong_is_said(path: str, body: str, status: int, code: str, said: str) -> None:
    """In the one shape of errors, and nothing is begun."""
    jobs = ScriptedJobs({})
    async with served(more=[JobRoutes(jobs)]) as world:
        answered, content = await post(world, path, body)

    assert (answered, content["error"]["code"]) == (status, code)
    assert content["error"]["message"].startswith(said)
    assert jobs.asked == []


async def test_without_a_database_nothing_is_loaded() -> None:
    """That is said, to both questions."""
    async with served(more=[JobRoutes(None)]) as world:
        asked = await post(world, "/api/v1/jobs/slots")
        status, _, body = await raw_answer(
            world, b"GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )

    assert (asked[0], status) == (503, 503)
    assert asked[1] == json.loads(body)
    assert asked[1]["error"]["code"] == "history_unavailable"


async def statuses(world: Served, seen: TestViewer, seconds: float) -> list[list[dict[str, Any]]]:
    """What the statuses of so many seconds say of jobs."""
    told = []
    for _ in range(round(seconds / STATUS_S)):
        await world.clock.advance(STATUS_S)
    await seen.say(action="ping", id="last")
    while (frame := await seen.hear("status", "heartbeat", "subscribed", "snapshot")).get("id") != "last":
        if frame["type"] == "status":
            told.append(frame["jobs"])
    return told


async def test_viewers_see_what_is_loaded() -> None:
    """Every two seconds while it moves, not while it stands, and once when all has ended; the late ones at once."""
    jobs = ScriptedJobs({})
    async with served(under_way=jobs.under_way) as world, running(world.hub.run), viewer(world) as seen:
        await seen.subscribe()
        assert [] in await statuses(world, seen, 1)
        told: list[list[list[dict[str, Any]]]] = []
        for done in (100, 200, 200):
            jobs.news = (JobNews("slots", done, 12_000, "volumes"),)
            told.append(await statuses(world, seen, JOBS_S))
        async with viewer(world) as late:
            first = await late.hear("status")
        jobs.news = ()
        told.append(await statuses(world, seen, JOBS_S))
        told.append(await statuses(world, seen, 3 * JOBS_S))

    moved = {"name": "slots", "done": 100, "total": 12_000, "note": "volumes"}
    assert told == [[[moved]], [[moved | {"done": 200}]], [], [[]], []]
    assert first["jobs"] == [moved | {"done": 200}]
