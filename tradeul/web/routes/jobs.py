"""What is loaded in the background: `GET /api/v1/jobs`, and `POST /api/v1/jobs/{name}` to have it loaded now."""

from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from tradeul.engine.ports import Jobs
from tradeul.errors import UsageError
from tradeul.web import shapes
from tradeul.web.answers import answer, failure, refused
from tradeul.web.api import operation
from tradeul.web.bodies import body_of
from tradeul.web.failures import FOREIGN_ORIGIN, HISTORY_UNAVAILABLE, UNKNOWN_JOB
from tradeul.web.parameters import part

MOST_DAYS: Final = 400
NAME: Final = part("name", "The name of a job; `/api/v1/jobs` has all of them.", "universe")


class Wish(BaseModel):
    """How much is to be loaded: of so many sessions, else as much as the job usually does."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] | None = Field(None, description="How many sessions, to the last.")


class JobRoutes:
    """Answers from `jobs`; None where there is no database to load into."""

    def __init__(self, jobs: Jobs | None) -> None:
        self._jobs = jobs

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/jobs", self.all), web.post("/api/v1/jobs/{name}", self.ask)]

    @operation("Program", shapes.Jobs, failures=(HISTORY_UNAVAILABLE,))
    async def all(self, _request: web.Request) -> web.Response:
        """Every job with its hour, progress and last runs; and the runs since the start, the newest first."""
        return _no_jobs() if self._jobs is None else answer(self._jobs.report())

    @operation(
        "Program",
        shapes.Asked,
        parameters=(NAME,),
        body=Wish,
        failures=(FOREIGN_ORIGIN, UNKNOWN_JOB, HISTORY_UNAVAILABLE),
        status=HTTPStatus.ACCEPTED,
    )
    async def ask(self, request: web.Request) -> web.Response:
        """Queue a run, or join the one that is queued or goes on."""
        if self._jobs is None:
            return _no_jobs()
        name, wish = request.match_info["name"], await body_of(request, Wish)
        if isinstance(wish, web.Response):
            return wish
        try:
            run = await self._jobs.submit(name, wish.days)
        except UsageError as error:
            return refused(UNKNOWN_JOB, str(error))
        return answer({"job": name, "run": run}, HTTPStatus.ACCEPTED)


def _no_jobs() -> web.Response:
    return failure(HISTORY_UNAVAILABLE.status, HISTORY_UNAVAILABLE.code, "nothing is loaded: `history.dsn` is off")
