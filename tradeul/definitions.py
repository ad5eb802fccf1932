"""What a user defines by name: lists of their own. One shape wherever it comes from: settings, HTTP or user.json.

Only the shape is checked here; whether a condition can be read, the engine says, which knows the fields. What is not
given is None: for a built-in name that is as it is built in.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

NAME_PATTERN: Final = r"[a-z][a-z0-9_]{0,31}"
MOST_DEFINITIONS: Final = 100
LARGEST_LIST: Final = 200
MOST_COLUMNS: Final = 32
LONGEST_TITLE: Final = 80
LONGEST_EXPRESSION: Final = 2_000

Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]
"""What a user may call a list or a rule."""
SessionName = Literal["PRE_MARKET", "MARKET_OPEN", "POST_MARKET"]


def split(value: object) -> object:
    """Read a comma-separated text, as the environment has it, as a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


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
