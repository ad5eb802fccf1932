"""A recording that is played, as a port: how it is played, and the controls that viewers move."""

from typing import NamedTuple, Protocol

from tradeul.domain.events import Nanos


class Playing(NamedTuple):
    """How a recording is played. Moments are market time; a speed of None is as fast as it goes."""

    file: str
    market: str
    """Which one was recorded."""
    first: Nanos
    last: Nanos
    speed: float | None
    paused: bool
    seeking: bool
    ended: bool
    leaps: int
    """How often it went on elsewhere: after each it stands where nobody expects it."""


class Playback(Protocol):
    """A recording that is played, and its controls; every method returns at once."""

    def playing(self) -> Playing:
        """Tell how it is played."""

    def differs(self) -> str:
        """Tell where it publishes something else than was published live; empty where it does not."""

    def set_speed(self, speed: float | None) -> None:
        """Play at so many market seconds per second."""

    def pause(self) -> None:
        """Stand still."""

    def go_on(self) -> None:
        """Play on."""

    def step(self) -> None:
        """Play up to and with the next snapshot, and stand still."""

    def seek(self, at: Nanos) -> None:
        """Go on from another moment."""
