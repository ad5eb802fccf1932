"""When the New York Stock Exchange was and will be closed, by its own announcements; typed in, not computed.

A frozen table of 2015 to 2026 that the calendar is held against. Nothing of the product reads it.
"""

import datetime as dt
from typing import Final

_CLOSED: Final = """
2015 01-01 01-19 02-16 04-03 05-25 07-03 09-07 11-26 12-25
2016 01-01 01-18 02-15 03-25 05-30 07-04 09-05 11-24 12-26
2017 01-02 01-16 02-20 04-14 05-29 07-04 09-04 11-23 12-25
2018 01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25
2019 01-01 01-21 02-18 04-19 05-27 07-04 09-02 11-28 12-25
2020 01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25
2021 01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24
2022 01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26
2023 01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25
2024 01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25
2025 01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25
2026 01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25
"""
"""Whole days, weekends aside: 2018-12-05 and 2025-01-09 were days of mourning, Juneteenth counts from 2022 on, and
no day stood in for New Year's of 2022, a Saturday."""

_CLOSED_AT_ONE: Final = """
2015 11-27 12-24
2016 11-25
2017 07-03 11-24
2018 07-03 11-23 12-24
2019 07-03 11-29 12-24
2020 11-27 12-24
2021 11-26
2022 11-25
2023 07-03 11-24
2024 07-03 11-29 12-24
2025 07-03 11-28 12-24
2026 11-27 12-24
"""
"""Closed at 13:00: the day after Thanksgiving, and the days before Independence Day and Christmas where they were
Monday to Thursday."""


def _dates(table: str) -> frozenset[dt.date]:
    years = [line.split() for line in table.split("\n") if line]
    return frozenset(dt.date.fromisoformat(f"{year}-{day}") for year, *days in years for day in days)


CLOSED: Final = _dates(_CLOSED)
CLOSED_AT_ONE: Final = _dates(_CLOSED_AT_ONE)
YEARS: Final = range(2015, 2027)
