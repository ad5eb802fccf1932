"""What a request says in its body, read by name into a definition; a refusal names the part that is wrong."""

import re
from typing import Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from tradeul.definitions import NAME_PATTERN
from tradeul.engine.refusals import Refused
from tradeul.web.answers import refused
from tradeul.web.depth import MAX_DEPTH, is_too_deep
from tradeul.web.failures import BAD_PARAMETER

NAMED: Final = re.compile(NAME_PATTERN)
NAME_WANTED: Final = "small letters, digits and _, beginning with a letter, 32 at most"

Model = TypeVar("Model", bound=BaseModel)


async def body_of(request: web.Request, model: type[Model]) -> Model | web.Response:
    """Read a JSON object, an empty body as an empty one; or refuse the first part that cannot be read.

    Nothing is coerced: a number in quotes is a text.
    """
    body = await request.read()
    if is_too_deep(body):
        return bad_part("body", f"nested more than {MAX_DEPTH} deep")
    try:
        return model.model_validate_json(body or b"{}", strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        return bad_part(where, first["msg"].removeprefix("Value error, "))


def bad_part(where: str, message: str, column: int | None = None) -> web.Response:
    """Refuse a part of a body; `column` is where in its text, from 1."""
    details = {"parameter": where} if column is None else {"parameter": where, "column": column}
    return refused(BAD_PARAMETER, f"{where}: {message}", details)


def refusal_of(complaint: Refused) -> web.Response:
    """Pass on what the engine says of a part."""
    return bad_part(complaint.key, str(complaint).removeprefix(f"{complaint.key}: "), complaint.column)
