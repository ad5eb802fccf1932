"""The command `record`: has the running program begin or end to record, and says how it records."""

from typing import Any, Final, TextIO

from tradeul.client import ApiClient, ServerLost
from tradeul.load import HOW_TO_START

WISHES: Final = {"on": True, "off": False, "status": None}


async def record(url: str, wish: str, out: TextIO, token: str = "") -> None:
    """Turn it, or only ask, and say how it stands."""
    async with ApiClient(url, token) as client:
        try:
            state = await client.recording(wanted=WISHES[wish])
        except ServerLost as error:
            raise ServerLost(f"{error}: {HOW_TO_START}") from error
    out.write("".join(f"{line}\n" for line in lines_of(state)))


def lines_of(state: dict[str, Any]) -> list[str]:
    """Whether it records and into which file; how much, where there was ever anything."""
    file, enabled = state["file"], state["enabled"]
    if file is None:
        return ["recording; no file could be begun yet" if enabled else "not recording"]
    ended = "what waits is still written into" if state["writing"] else "the last file is"
    first = f"recording into {file}" if enabled else f"not recording; {ended} {file}"
    return [first, _amounts(state)]


def _amounts(state: dict[str, Any]) -> str:
    failures = f", {_counted(state['failures'], 'failure')} of the disk" if state["failures"] else ""
    return (
        f"since the program started: {_counted(state['bodies'], 'snapshot')} and {_counted(state['frames'], 'frame')}, "
        f"{state['bytes_in']:,} bytes in, {state['bytes_out']:,} out, {state['dropped']:,} dropped{failures}"
    )


def _counted(count: int, of: str) -> str:
    return f"{count:,} {of}{'' if count == 1 else 's'}"
