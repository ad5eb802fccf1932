"""Turns the `[filters]` section into conditions under which a row is dropped.

What is unknown is not dropped by a bound on relative volume (the contract says so), nor by a bound on reference data
for a symbol of which there is none: such symbols are kept, labelled, unless `require_reference` is set.
"""

from collections.abc import Iterator

from tradeul.domain.filters import Filter
from tradeul.domain.tokens import quoted
from tradeul.settings import Filters


def global_filters(settings: Filters) -> list[Filter]:
    """Build the enabled filters in the order in which they drop."""
    return list(_filters(settings))


def _filters(settings: Filters) -> Iterator[Filter]:
    if settings.require_reference:
        yield Filter("no_reference", "no_reference")
    if settings.rvol_high.enabled:
        yield Filter("rvol_high", f"rvol < {settings.rvol_high.min!r}")
    if settings.volume_min.enabled:
        yield from _bounded("volume_min", "volume_today", settings.volume_min.min, None)
    for reason, field, bounds, spare in (
        ("price_range", "price", settings.price_range, ""),
        ("change", "change_percent", settings.change, ""),
        ("market_cap", "market_cap", settings.market_cap, " or no_reference"),
        ("float", "float_shares", settings.float, " or no_reference"),
    ):
        if bounds.enabled:
            yield from _bounded(reason, field, bounds.min, bounds.max, spare)
    for reason, field, names in (
        ("exchanges", "exchange", settings.exchanges),
        ("sectors", "sector", settings.sectors),
        ("types", "type", settings.types),
    ):
        if names:
            listed = ", ".join(map(quoted, names))
            yield Filter(reason, f"not (known({field}) and {field} in ({listed}) or no_reference)")


def _bounded(reason: str, field: str, low: float | None, high: float | None, spare: str = "") -> Iterator[Filter]:
    """Drop what is not known to lie within the bounds."""
    sides = [f"{field} {sign} {bound!r}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    if sides:
        inside = " and ".join([f"known({field})", *sides])
        yield Filter(reason, f"not ({inside}{spare})")
