"""Frames of the live feed, and steps between them, as one payload, and back.

    u32 count, i64 times of arrival, u32 lengths in bytes, u8 kinds (0 text, 1 binary, 2 step), the contents joined

`recorder` packs, `reader` parses.
"""

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

from tradeul.domain.events import Nanos
from tradeul.recording.format import AS_IT_IS, Frame, RecordingDamaged, Step

FRAMES_PER_BLOCK: Final = 4096
"""More are not put into one block, nor believed of one."""

_COUNT: Final = struct.Struct("<I")
_COLUMNS: Final = 8 + 4 + 1


_TEXT, _BINARY, _STEP = range(3)


def frames_parts(frames: Sequence[Frame | Step]) -> list[bytes]:
    """The payload of some frames and steps, in parts."""
    contents = [_bytes_of(frame.content) for frame in frames]
    return [
        _COUNT.pack(len(frames)),
        np.array([frame.arrived for frame in frames], "<i8").tobytes(),
        np.array([len(content) for content in contents], "<u4").tobytes(),
        bytes(map(_kind_of, frames)),
        *contents,
    ]


def parsed_frames(payload: bytes, *, opens: bool = False) -> list[Frame | Step]:
    """The frames and steps of a payload; `opens` says that it is that of a STATE block."""
    if len(payload) < _COUNT.size:
        raise RecordingDamaged("a block of frames has no count")
    (count,) = _COUNT.unpack_from(payload)
    begin = _COUNT.size + count * _COLUMNS
    if begin > len(payload) or count > FRAMES_PER_BLOCK:
        raise RecordingDamaged("a block of frames says more than there is")
    times = np.frombuffer(payload, "<i8", count, _COUNT.size).tolist()
    lengths = np.frombuffer(payload, "<u4", count, _COUNT.size + 8 * count).tolist()
    kinds = payload[begin - count : begin]
    if begin + sum(lengths) != len(payload):
        raise RecordingDamaged("a block of frames is not as long as its frames")
    frames: list[Frame | Step] = []
    for time, length, kind in zip(times, lengths, kinds, strict=True):
        content = payload[begin : begin + length]
        if kind == _STEP:
            frames.append(Step(content, Nanos(time), opens))
        else:
            frames.append(Frame(content if kind else _text_of(content), Nanos(time)))
        begin += length
    return frames


def _kind_of(frame: Frame | Step) -> int:
    if isinstance(frame, Step):
        return _STEP
    return _BINARY if isinstance(frame.content, bytes) else _TEXT


def _bytes_of(content: str | bytes) -> bytes:
    return content.encode("utf-8", AS_IT_IS) if isinstance(content, str) else content


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8", AS_IT_IS)
    except UnicodeDecodeError as error:
        raise RecordingDamaged("a text frame is no text") from error
