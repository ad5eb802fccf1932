"""Why something that a user defines by name is not taken as it is; nothing was changed by it."""

from tradeul.errors import UsageError


class Refused(UsageError):
    """A definition cannot be carried out; `key` says which part of it, `column` where in its text, from 1."""

    def __init__(self, key: str, message: str, column: int | None = None) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key
        self.column = column


class NotYours(UsageError):
    """It is not the user's own, so there is nothing to delete."""
