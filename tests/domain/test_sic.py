"""Divisions of the Standard Industrial Classification."""

import pytest

from tradeul.domain.sic import division


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("0100", "Agriculture, Forestry and Fishing (SIC)"),
        ("100", "Agriculture, Forestry and Fishing (SIC)"),
        ("1040", "Mining (SIC)"),
        ("1531", "Construction (SIC)"),
        ("2834", "Manufacturing (SIC)"),
        ("3999", "Manufacturing (SIC)"),
        ("4911", "Transportation and Utilities (SIC)"),
        ("5047", "Wholesale Trade (SIC)"),
        ("5812", "Retail Trade (SIC)"),
        ("6770", "Finance, Insurance and Real Estate (SIC)"),
        ("7372", "Services (SIC)"),
        ("9995", "Public Administration (SIC)"),
    ],
)
def test_a_code_lies_in_a_division(code: str, expected: str) -> None:
    """By its first two digits; a zero in front that was lost on the way is put back."""
    assert division(code) == expected


@pytest.mark.parametrize("code", ["", "0000", "1800", "6899", "9000", "28345", "28x4", "\uff12834", "-100"])
def test_what_is_no_code_has_none(code: str) -> None:
    """Nothing is guessed."""
    assert division(code) == ""
