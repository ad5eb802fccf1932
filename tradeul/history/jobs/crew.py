"""Several pieces of a job in flight at once, so that a slow answer does not hold up the next question."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol, TypeVar

Piece = TypeVar("Piece")


class Together(Protocol):
    """Does several things at once, as one: all have ended when it returns. `supervisor` has it."""

    async def __call__(self, *works: Callable[[], Awaitable[None]]) -> None:
        """Do them; the first failure ends the others and is raised."""


async def in_flight(
    together: Together, at_once: int, pieces: Iterator[Piece], work: Callable[[Piece], Awaitable[None]]
) -> None:
    """Do the work for each piece, in their order, so many at once."""

    async def member() -> None:
        for piece in pieces:
            await work(piece)

    await together(*[member] * at_once)
