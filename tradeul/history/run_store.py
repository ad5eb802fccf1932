"""What is asked of the database about the runs of jobs. The caller guards the connection (`lending.Lender`)."""

from typing import Final, NamedTuple

from tradeul.domain.events import Nanos
from tradeul.history.batches import storable
from tradeul.history.database import Connection
from tradeul.history.partitions import instant_of_moment, moment_of

KEPT_DAYS: Final = 400

_ADDED: Final = """
INSERT INTO maintenance_runs (job, days, started_at, finished_at, state, rows_written, error)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id"""
_CHANGED: Final = """
UPDATE maintenance_runs SET started_at = $2, finished_at = $3, state = $4, rows_written = $5, error = $6
WHERE id = $1"""
_INTERRUPTED: Final = """
UPDATE maintenance_runs SET state = 'interrupted', finished_at = $1, error = 'the program ended'
WHERE state IN ('queued', 'running')"""
# By the order in which they were noted down: the market's clock may have been set back since.
_SUCCESSES: Final = """
SELECT DISTINCT ON (job, days) job, days, started_at, finished_at, rows_written, error
FROM maintenance_runs WHERE state = 'done' ORDER BY job, days, id DESC"""
_FAILURES: Final = """
SELECT DISTINCT ON (job) job, days, started_at, finished_at, rows_written, error
FROM maintenance_runs WHERE state = 'failed' ORDER BY job, id DESC"""
_OLD_DROPPED: Final = "DELETE FROM maintenance_runs WHERE started_at < $1"


class Kept(NamedTuple):
    """A run as it is noted down."""

    job: str
    days: int | None
    started_at: Nanos
    finished_at: Nanos | None
    rows: int
    error: str


async def keep(connection: Connection, number: int | None, state: str, run: Kept) -> int:
    """Note a run down, or how far it is by now; the number under which it is found."""
    finished = None if run.finished_at is None else moment_of(run.finished_at)
    rest = (moment_of(run.started_at), finished, state, run.rows, storable(run.error))
    if number is None:
        return int(await connection.fetchval(_ADDED, run.job, run.days, *rest))
    await connection.execute(_CHANGED, number, *rest)
    return number


async def interrupt(connection: Connection, now: Nanos) -> int:
    """Give up the runs that nobody carries out any more; how many there were."""
    status = await connection.execute(_INTERRUPTED, moment_of(now))
    return int(status.rpartition(" ")[2])


async def successes(connection: Connection) -> list[Kept]:
    """The last run of each job and depth that ended well."""
    return [_kept(row) for row in await connection.fetch(_SUCCESSES)]


async def failures(connection: Connection) -> list[Kept]:
    """The last run of each job that failed."""
    return [_kept(row) for row in await connection.fetch(_FAILURES)]


async def forget(connection: Connection, before: Nanos) -> int:
    """Drop runs that began long ago; how many."""
    status = await connection.execute(_OLD_DROPPED, moment_of(before))
    return int(status.rpartition(" ")[2])


def _kept(row: tuple[object, ...]) -> Kept:
    job, days, started, finished, rows, error = row
    return Kept(job, days, instant_of_moment(started), instant_of_moment(finished), rows, error)  # type: ignore[arg-type]
