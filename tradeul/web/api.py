"""What a route of the HTTP API promises: its parameters, its body, the shape of its answer, how it refuses.

The declaration stands on the handler, which reads the request by it, and the document for strangers is made from the
very same one; what it does not say, its docstring does. A route that has none fails a test.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel

from tradeul.web.answers import bad_parameter
from tradeul.web.failures import Failure
from tradeul.web.parameters import Parameter

JSON: Final = "application/json"
CSV: Final = "text/csv"
HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"

Asked = Mapping[str, Any]
"""A request's parameters as values, by name; None where one is not given and nothing stands in for it."""
Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """The declaration of one method of one path."""

    group: str
    answer: object = None
    """The shape of the JSON that is answered; None: it answers none."""
    parameters: tuple[Parameter, ...] = ()
    """Those of the path too."""
    body: type[BaseModel] | None = None
    form: Mapping[str, str] | None = None
    """What each field of a form means, where that is what is taken."""
    failures: tuple[Failure, ...] = ()
    """How this one refuses, beside what all have in common."""
    status: HTTPStatus = HTTPStatus.OK
    media: tuple[str, ...] = (JSON,)
    etag: bool = False
    """Whether who holds the newest version is told so instead."""
    name: str = ""
    """Of the handler."""
    text: str = ""
    """Its docstring."""


def operation(group: str, answer: object = None, **more: Any) -> Callable[[Handler], Handler]:
    """Declare what the handler promises; `more` are further parts of an `Operation`."""

    def declared(handler: Handler) -> Handler:
        text = inspect.cleandoc(handler.__doc__ or "")
        promise = Operation(group, answer, name=handler.__qualname__, text=text, **more)
        handler.__dict__["operation"] = promise
        return handler

    return declared


def operation_of(handler: object) -> Operation | None:
    """Find the declaration of a handler; None if it has none."""
    found: Operation | None = getattr(handler, "operation", None)
    return found


def asked_of(request: web.Request) -> Asked | web.Response:
    """Read the parameters that the route declares, or refuse the first that cannot be read."""
    promise = operation_of(request.match_info.handler)
    values: dict[str, Any] = {}
    for parameter in promise.parameters if promise else ():
        if parameter.in_path:
            continue
        name = parameter.name
        text = request.query.get(name, "")
        try:
            values[name] = parameter.read(text) if text or parameter.required else parameter.default
        except ValueError as complaint:
            return bad_parameter(name, str(complaint))
    if values.get("from") is not None and values.get("to") is not None and values["from"] > values["to"]:
        return bad_parameter("from", "a moment that is not after `to`")
    return values
