"""Changes of what a user defined by name: carried out, or refused in the words that everybody refuses them in."""

from collections.abc import Awaitable
from typing import TypeVar

from aiohttp import web

from tradeul.engine.refusals import NotYours, Refused
from tradeul.errors import UsageError
from tradeul.web.answers import answer, not_kept, refused
from tradeul.web.bodies import refusal_of
from tradeul.web.failures import NOT_YOURS, TOO_MANY, Failure

Made = TypeVar("Made")


async def made(change: Awaitable[Made]) -> Made | web.Response:
    """What a change makes, or why it is not made."""
    try:
        return await change
    except Refused as error:
        return refusal_of(error)
    except UsageError as error:
        return refused(TOO_MANY, str(error))
    except OSError as error:
        return not_kept(error)


async def deleted(name: str, change: Awaitable[None], unknown: Failure) -> web.Response:
    """Answer for one that is deleted; `unknown` says that there is none of the name."""
    try:
        await change
    except KeyError:
        return refused(unknown)
    except NotYours as error:
        return refused(NOT_YOURS, str(error))
    except OSError as error:
        return not_kept(error)
    return answer({"deleted": name})
