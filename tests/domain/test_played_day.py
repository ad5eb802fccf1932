"""A stored day as images: what each holds, and that none knows what came after it."""

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.market import at
from tests.support.played import HOURS, OPEN, market, moved, slot_at, steady
from tradeul.domain.events import MarketImage
from tradeul.domain.played_day import PlayedDay, images
from tradeul.domain.slots import SLOTS_PER_DAY

COLUMNS = [field.name for field in dataclasses.fields(MarketImage) if field.name not in ("symbols", "dropped")]
PRICED = ("open", "high", "low", "close", "volume", "vwap")


def image_at(day: PlayedDay, wall: str) -> MarketImage:
    """The image of a moment."""
    return next(image for image in images(day) if image.feed_time == at(wall))


def same(one: MarketImage, other: MarketImage) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS)


def random_day(seed: int) -> PlayedDay:
    """Three symbols that trade now and then."""
    chance = np.random.default_rng(seed)
    closes = chance.uniform(1, 50, (3, SLOTS_PER_DAY)).round(2)
    closes[chance.random(closes.shape) < 0.4] = np.nan
    return market(dict(zip("ABC", closes, strict=True)))


@given(st.integers(0, 2**32 - 1), st.integers(0, SLOTS_PER_DAY - 2))
def test_no_image_knows_what_came_after_it(seed: int, cut: int) -> None:
    """Two days that part after a slot have the same images up to its end, to the last number."""
    one, other = random_day(seed), random_day(seed + 1)
    parted = {
        name: np.where(np.arange(192)[:, None] <= cut, getattr(one, name), getattr(other, name)) for name in PRICED
    }
    parted["volume"] = np.maximum.accumulate(parted["volume"], axis=0)
    both = zip(images(one), images(dataclasses.replace(one, **parted)), strict=True)

    assert [same(*pair) for pair in both][: cut + 1] == [True] * (cut + 1)


def test_an_image_that_was_given_is_never_written_to_again() -> None:
    """Who keeps one finds it as it was."""
    day = random_day(7)
    kept = list(images(day))

    assert all(same(image, again) for image, again in zip(kept, images(day), strict=True))


def test_a_bar_shows_at_its_end_and_not_before() -> None:
    """The image of 10:00 ends with the bar of 09:55; what trades from 10:00 on shows at 10:05."""
    day = market({"A": moved(("10:00", 12.0))})

    assert image_at(day, "10:00").minute_close[0] == 10.0
    assert image_at(day, "10:05").minute_close[0] == 12.0
    assert image_at(day, "10:05").updated[0] == at("10:05") - 1_000_000


def test_the_open_is_the_regular_session_s_first_price() -> None:
    """Before the open the day has no prices of its own; after the close they stand as they are."""
    day = market({"A": moved(("09:30", 11.0), ("12:00", 13.0), ("16:00", 20.0))})

    assert image_at(day, "09:30").day_open[0] == 0
    assert image_at(day, "09:35").day_open[0] == 11.0
    late = image_at(day, "16:30")
    assert (late.day_open[0], late.day_high[0], late.day_low[0], late.day_close[0]) == (11.0, 13.0, 11.0, 13.0)
    assert late.minute_close[0] == 20.0


def test_volume_is_of_the_day_so_far_and_never_falls() -> None:
    """A slot of which nobody knows the volume leaves it as it was."""
    day = market({"A": steady()})
    day.volume[slot_at("10:00"), 0] = np.nan

    assert image_at(day, "10:00").minute_volume_today[0] == 72_000
    assert image_at(day, "10:05").minute_volume_today[0] == 72_000
    assert image_at(day, "10:10").minute_volume_today[0] == 74_000


def test_the_average_price_is_of_the_shares_so_far() -> None:
    """Half of them at 10 and half at 20 make 15."""
    day = market({"A": np.where(np.arange(SLOTS_PER_DAY) % 2 == 0, 10.0, 20.0)})

    assert image_at(day, "04:10").day_vwap[0] == 15.0


def test_there_is_an_image_for_every_slot_of_the_day() -> None:
    """From 04:05 to 20:00."""
    times = [image.feed_time for image in images(market({"A": steady()}))]

    assert times[0] == at("04:05")
    assert times[-1] == HOURS.post_market_end
    assert len(times) == SLOTS_PER_DAY
    assert slot_at("09:30") == OPEN
