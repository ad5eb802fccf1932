"""Pings in their time on one connection; lost when a pong does not come back in its. `stream` owns one of each."""


class Pulse:
    """Decides by monotonic seconds; what is due is sent by the caller."""

    def __init__(self, every_s: float, answer_within_s: float, now: float) -> None:
        self._every_s = every_s
        self._answer_within_s = answer_within_s
        self._next_at = now + every_s
        self._asked_at: float | None = None

    def due_at(self) -> float:
        """When the next ping is due, or the last one is lost."""
        return self._next_at if self._asked_at is None else self._asked_at + self._answer_within_s

    def ping_due(self, now: float) -> bool:
        """Whether to send one now, which is then taken as sent."""
        if self._asked_at is not None or now < self._next_at:
            return False
        self._asked_at, self._next_at = now, now + self._every_s
        return True

    def heard(self) -> None:
        """Take note of a pong."""
        self._asked_at = None

    def lost(self, now: float) -> bool:
        """Whether a pong is overdue."""
        return self._asked_at is not None and now - self._asked_at >= self._answer_within_s
