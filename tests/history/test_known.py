"""What history said last: read again as it was, or not at all."""

import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.market import DAY
from tradeul.domain.averages import Averages
from tradeul.domain.events import Symbol
from tradeul.domain.usual import Baseline
from tradeul.domain.volume_profile import Shape
from tradeul.history.known import AVERAGES_FILE, BASELINE_FILE, KnownFiles

SYMBOLS = (Symbol("A"), Symbol("BACpL"), Symbol("Ä"))


def baseline() -> Baseline:
    draw = np.random.default_rng(5)
    return Baseline(DAY, SYMBOLS, draw.random((192, 3)) * 1e7, np.array([5, 3, 0]))


def averages() -> Averages:
    return Averages(
        SYMBOLS, np.array([1.0, np.nan, 3.0]), np.array([4.5, 5.0, 6.0]), *[np.array([0.1, 2.0, np.nan])] * 2
    )


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    """To the last bit, with its date; the newest counts, and only its owner reads the file."""
    files = KnownFiles(tmp_path, "sim-1")
    files.keep_baseline(Baseline(DAY - dt.timedelta(days=1), (), np.zeros((192, 0)), np.zeros(0, np.int64)))
    files.keep_baseline(baseline())
    files.keep_averages(DAY, averages())
    other = KnownFiles(tmp_path, "sim-1")

    found, usual = other.averages(), other.baseline()

    assert found is not None
    assert usual is not None
    assert (usual.as_of, usual.symbols, usual.sessions.tolist()) == (DAY, SYMBOLS, [5, 3, 0])
    assert np.array_equal(usual.ends, baseline().ends)
    assert found[0] == DAY
    for name in ("volume_10d", "volume_30d", "price_30d", "atr"):
        assert np.array_equal(getattr(found[1], name), getattr(averages(), name), equal_nan=True)
    assert (tmp_path / BASELINE_FILE).stat().st_mode & 0o777 == 0o600


def test_curves_are_read_again_as_long_as_they_are_curves(tmp_path: Path) -> None:
    """One that falls is none."""
    files = KnownFiles(tmp_path, "sim-1")
    shares = np.linspace([0.0, 0.01, 0.02], 1.0, 192).T
    files.keep_shape(Shape(DAY, (1e6, 1e8), shares))
    found = files.shape()
    shares[1, 5] = 0.9
    files.keep_shape(Shape(DAY, (1e6, 1e8), shares))

    assert found is not None
    assert (found.as_of, found.bounds) == (DAY, (1e6, 1e8))
    assert np.array_equal(found.shares, np.linspace([0.0, 0.01, 0.02], 1.0, 192).T)
    assert files.shape() is None
    assert KnownFiles(tmp_path / "nowhere", "sim-1").shape() is None


def test_nothing_kept_is_nothing_known(tmp_path: Path) -> None:
    """A new folder, and another world's files."""
    KnownFiles(tmp_path, "sim-2").keep_averages(DAY, averages())
    files = KnownFiles(tmp_path, "sim-1")

    assert files.averages() is None
    assert files.baseline() is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", [AVERAGES_FILE, BASELINE_FILE])
def test_damage_is_as_if_nothing_were_kept(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Whichever byte was changed or wherever the file was cut, it is whole or it is none."""
    files = KnownFiles(tmp_path, "sim-1")
    small = Baseline(DAY, SYMBOLS[:1], np.ones((192, 1)), np.array([5]))
    files.keep_baseline(small)
    files.keep_averages(DAY, averages())
    whole = (tmp_path / name).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    (tmp_path / name).write_bytes(data.draw(st.sampled_from([changed, whole[:place]])))

    found = files.averages() if name == AVERAGES_FILE else files.baseline()

    assert found is None


def test_a_disk_that_is_full_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file takes the old one's place only when it is whole."""
    files = KnownFiles(tmp_path, "sim-1")
    files.keep_averages(DAY, averages())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.keep_averages(DAY + dt.timedelta(days=1), averages())

    found = files.averages()
    assert found is not None
    assert found[0] == DAY
