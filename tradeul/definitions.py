"""What a user defines by name: lists and alerts. One shape wherever it comes from: settings, HTTP or user.json.

Only the shape is checked here; whether a condition can be read, the engine says, which knows the fields. What is not
given is None: for a built-in name that is as it is built in.
"""

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

NAME_PATTERN: Final = r"[a-z][a-z0-9_]{0,31}"
MOST_DEFINITIONS: Final = 100
LARGEST_LIST: Final = 200
MOST_COLUMNS: Final = 32
LONGEST_TITLE: Final = 80
LONGEST_EXPRESSION: Final = 2_000
LONGEST_ADDRESS: Final = 2_000
LONGEST_SECRET: Final = 200
LONGEST_COOLDOWN_S: Final = 86_400
MOST_NEW_HIGHS: Final = 15
"""Of the last 15 minutes, one each."""
MOST_QUIET: Final = 8

Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]
"""What a user may call a list or a rule."""
SessionName = Literal["PRE_MARKET", "MARKET_OPEN", "POST_MARKET"]


def split(value: object) -> object:
    """Read a comma-separated text, as the environment has it, or a list as a tuple, which is what is wanted."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(value) if isinstance(value, list) else value


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TITLE)]
Expression = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_EXPRESSION)]
Columns = Annotated[tuple[str, ...], BeforeValidator(split), Field(min_length=1, max_length=MOST_COLUMNS)]
Sessions = Annotated[tuple[SessionName, ...], BeforeValidator(split)]


class Definition(BaseModel):
    """Nothing unknown, nothing changed afterwards, and no value of a stranger's in a complaint."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ScanDefinition(Definition):
    """A list: who is in it, in which order, and how it is shown."""

    title: Title | None = Field(None, description="What the page calls it; empty: its name.")
    where: Expression | None = Field(None, description="The condition that lets a row in.")
    keep: Expression | None = Field(
        None, description="Once in, a row stays while this holds; empty: while `where` does."
    )
    order: Expression | None = Field(
        None, description="What it is ranked by, such as `rvol desc, price`; empty: score."
    )
    size: int | None = Field(None, ge=1, le=LARGEST_LIST, description="Rows it shows; empty: 50.")
    columns: Columns | None = Field(None, description="Fields of a row, in order; empty: the usual ones.")
    sessions: Sessions | None = Field(None, description="Sessions in which it is made; empty: all.")
    global_filters: bool | None = Field(None, description="Whether rows must pass the filters above; empty: they must.")
    enabled: bool = Field(default=True, description="Whether there is such a list.")


Occasion = Literal["entered", "left", "true", "halt", "resume", "new_high"]
"""What can ring an alert."""
_HOUR: Final = r"([01]\d|2[0-3]):[0-5]\d"


def _some_time(span: str) -> str:
    begin, _, end = span.partition("-")
    if begin == end:
        raise ValueError("the hours begin and end at the same minute: to silence a rule, set enabled = false")
    return span


def _reachable(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or not address.isprintable() or " " in address:
        raise ValueError("an http:// or https:// address is needed")
    if parts.username is not None or parts.password is not None:
        raise ValueError("no user and password in the address: what proves that it is us is webhook_secret")
    _ = parts.port  # a ValueError of its own where it is none
    return address


Quiet = Annotated[str, StringConstraints(pattern=f"^{_HOUR}-{_HOUR}$"), AfterValidator(_some_time)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST_ADDRESS), AfterValidator(_reachable)
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_SECRET)]


class AlertDefinition(Definition):
    """A rule: what rings, for whom, how often at most, and who is told beside the page."""

    where: Expression | None = Field(None, min_length=1, description="The condition that must hold.")
    list: Name | None = Field(None, description="The list that the symbol must stand in, or enters or leaves.")
    on: Occasion | None = Field(
        None,
        validate_default=True,
        description="What rings: `entered` or `left` the list, `halt`, `resume` or `new_high`, if condition and list "
        "hold at that moment; `true`: the condition begins to hold, in the list if there is one. Empty: `true` with a "
        "condition, else `entered`.",
    )
    count: int | None = Field(
        None, ge=1, le=MOST_NEW_HIGHS, description="For `new_high`: minutes of the last 15 with one; empty: 1."
    )
    cooldown_s: int = Field(
        60, ge=0, le=LONGEST_COOLDOWN_S, description="For how long it then does not ring for the same symbol."
    )
    once_per_day: bool = Field(default=False, description="Whether it rings only once a trading date for each symbol.")
    quiet: Annotated[tuple[Quiet, ...], BeforeValidator(split)] = Field(
        (), max_length=MOST_QUIET, description="When it does not ring, New York time, such as `20:00-07:00`."
    )
    text: Title | None = Field(None, description="What it says after the symbol; empty: what happened.")
    sound: Name | None = Field(None, description="The sound that the page makes; empty: its usual one.")
    webhook: Address | None = Field(None, description="The address that is told of each alert; empty: none.")
    webhook_secret: Secret | None = Field(None, description="What webhooks are signed with; empty: they are not.")
    enabled: bool = Field(default=True, description="Whether it rings at all.")

    @field_validator("on")
    @classmethod
    def _has_what_it_needs(cls, on: Occasion | None, info: ValidationInfo) -> Occasion | None:
        # What could not be read itself is not there, and has been complained of.
        where, list_ = info.data.get("where", ""), info.data.get("list", "")
        rings = on or ("entered" if where is None else "true")
        if rings in ("entered", "left") and list_ is None:
            raise ValueError("`entered` and `left` need a `list`; without one, give a condition in `where`")
        if rings == "true" and where is None:
            raise ValueError("`true` needs a condition in `where`")
        return on

    @field_validator("count")
    @classmethod
    def _counts_something(cls, count: int | None, info: ValidationInfo) -> int | None:
        if count is not None and info.data.get("on", "new_high") != "new_high":
            raise ValueError("only `new_high` counts anything")
        return count

    @property
    def occasion(self) -> Occasion:
        """What rings it."""
        return self.on or ("entered" if self.where is None else "true")
