"""The second vendor's spelling of symbols, there and back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeul.domain.events import Symbol
from tradeul.fmp.symbols import market_symbol, vendor_symbol

PAIRS = [
    ("AAPL", "AAPL"),
    ("AVACU", "AVACU"),
    ("BRK-B", "BRK.B"),
    ("BAC-PL", "BACpL"),
    ("GNL-PE", "GNLpE"),
    ("X-P", "Xp"),
    ("ABC-WT", "ABC.WS"),
    ("ABC-WTA", "ABC.WS.A"),
    ("ABC-UN", "ABC.U"),
    ("ABC-RI", "ABCr"),
    ("ABC-WI", "ABCw"),
]


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_the_kinds_are_spelt_differently(theirs: str, ours: str) -> None:
    """Classes, preferred stocks, warrants, units, rights and what is traded when issued."""
    assert market_symbol(theirs) == ours
    assert vendor_symbol(Symbol(ours)) == theirs


@pytest.mark.parametrize(
    "theirs", ["000001.SZ", "BMW.DE", "RCI-B.TO", "^GSPC", "", "-B", "brk-b", "7203", "A-", "A-XYZ", "A B", "BACpL"]
)
def test_what_is_of_elsewhere_has_no_symbol(theirs: str) -> None:
    """Other countries' stocks, indices and what cannot be told are left out."""
    assert market_symbol(theirs) is None


@pytest.mark.parametrize("ours", ["MRTpA.CL", "A.P", "", "a", "BRK/B", "A.WS.AB", "A.BB", "A."])
def test_what_the_vendor_does_not_have_is_not_asked_for(ours: str) -> None:
    """A guess might be another company."""
    assert vendor_symbol(Symbol(ours)) is None


roots = st.from_regex(r"[A-Z][A-Z0-9]{0,5}", fullmatch=True)
endings = st.sampled_from(["", ".WS", ".WS.A", ".U", "r", "w", "p", "pA", "pZ", ".A", ".B", ".K", ".R", ".W"])


@given(roots, endings)
def test_there_and_back_it_is_the_same_symbol(root: str, ending: str) -> None:
    """Whatever has a spelling of theirs comes back from it unchanged."""
    ours = Symbol(root + ending)

    theirs = vendor_symbol(ours)

    assert theirs is not None
    assert market_symbol(theirs) == ours


@given(st.text(st.sampled_from("ABCPRUWTINSprw.-019"), max_size=8))
def test_no_two_of_ours_are_one_of_theirs(text: str) -> None:
    """Any text either has no counterpart, or one that leads back; and all results are symbols."""
    theirs, ours = vendor_symbol(Symbol(text)), market_symbol(text)

    assert theirs is None or market_symbol(theirs) == text
    assert ours is None or re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,12}([./-][A-Za-z0-9]{1,4})*", ours)
