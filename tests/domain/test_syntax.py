"""From the text of an expression to its tree."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.test_expression_fuzz import VALID
from tradeul.domain.syntax import (
    MAX_DEPTH,
    MAX_NODES,
    All,
    Among,
    Calculation,
    Call,
    Comparison,
    Either,
    Figure,
    Name,
    Node,
    Not,
    Quote,
    condition_tree,
    order_trees,
    walk,
)
from tradeul.domain.tokens import MAX_LENGTH, ExpressionError, quoted


def shape(node: Node) -> str:
    """The tree in brackets, with the signs it has."""
    signs = "".join(step.sign for step in node.steps) if isinstance(node, Comparison | Calculation) else ""
    inner = " ".join(shape(child) for child in node.children)
    return f"({type(node).__name__}{signs} {inner})" if node.children else node.text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a or b and not c", "(Either a (All b (Not c)))"),
        ("(a or b) and c", "(All (Either a b) c)"),
        ("not a and b", "(All (Not a) b)"),
        ("not a > 1", "(Not (Comparison> a 1))"),
        ("1 < a + 2 * -b <= 3", "(Comparison<<= 1 (Calculation+ a (Calculation* 2 (Negative b))) 3)"),
        ("a - b - c / d / e", "(Calculation-- a b (Calculation// c d e))"),
        ("a between 1 and 2 and b", "(All (Between a 1 2) b)"),
        ("a not between 1 and 2", "(Not (Between a 1 2))"),
        ("a not in ('x', y)", "(Not (Among a 'x' y))"),
        ("known(a) or min(b, 1) > c", "(Either (Call a) (Comparison> (Call b 1) c))"),
    ],
)
def test_what_binds_tighter_is_deeper(text: str, tree: str) -> None:
    """Signs before comparisons, those before `not`, then `and`, then `or`; equals from left to right."""
    assert shape(condition_tree(text)) == tree


@pytest.mark.parametrize("text", [*VALID, " ( price>5 )and ( not(rvol<2) )  ", "a\nor\tb\u00a0or c"])
def test_every_part_knows_where_it_stands(text: str) -> None:
    """A part's text is what the whole text has at its place, and lies within its parent's; the parts are in order."""
    tree = condition_tree(text)

    for node in walk(tree):
        assert text[node.start :].startswith(node.text)
        assert node.text == node.text.strip()
        places = [(child.start, child.start + len(child.text)) for child in node.children]
        assert places == sorted(places)
        assert all(node.start <= start and end <= node.start + len(node.text) for start, end in places)
        assert all(end <= start for (_, end), (start, _) in pairwise(places))


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("2.5", 2.5), (".5", 0.5), ("1.5k", 1_500), ("2M", 2e6), ("3B", 3e9), ("1e-05", 1e-5), ("1E+16", 1e16)],
)
def test_a_number_is_read_with_its_unit(text: str, value: float) -> None:
    """Also as Python writes very small and very large ones, so that a setting can be put into a condition."""
    tree = order_trees(text)[0][0]

    assert isinstance(tree, Figure)
    assert tree.value == value


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_word_can_be_quoted(word: str) -> None:
    """Whatever quotes are in it, both kinds too."""
    tree = condition_tree(f"sector == {quoted(word)}")

    assert isinstance(tree, Comparison)
    assert isinstance(quote := tree.steps[0].operand, Quote)
    assert quote.word == word


def wrapped(depth: int) -> Iterator[str]:
    yield "(" * depth + "price" + ")" * depth + " > 1"
    yield "not " * depth + "halted"
    yield "-" * depth + "price > 1"
    yield "abs(" * depth + "price" + ")" * depth + " > 1"


@pytest.mark.parametrize("kind", range(4))
def test_depth_has_a_limit(kind: int) -> None:
    """As deep as allowed is read, one level more is refused where it begins."""
    allowed, refused = [list(wrapped(depth))[kind] for depth in (MAX_DEPTH, MAX_DEPTH + 1)]
    condition_tree(allowed)

    with pytest.raises(ExpressionError, match=f"deeper than {MAX_DEPTH}"):
        condition_tree(refused)


def test_the_number_of_parts_has_a_limit() -> None:
    """The last that is allowed is read; with one more the part that is too many is pointed at."""
    text = "a" + "+a" * (MAX_NODES - 2)
    assert sum(1 for _ in walk(order_trees(text)[0][0])) == MAX_NODES

    with pytest.raises(ExpressionError, match=f"more than {MAX_NODES} parts"):
        order_trees(text + "+a")


def test_length_has_a_limit() -> None:
    """The first character too many is pointed at."""
    text = "a".ljust(MAX_LENGTH)
    assert isinstance(condition_tree(text), Name)

    with pytest.raises(ExpressionError, match=f"longer than {MAX_LENGTH}") as caught:
        condition_tree(text + " ")

    assert caught.value.column == MAX_LENGTH + 1


def test_trees_are_values() -> None:
    """Equal texts give equal trees that can be keys; another sign is another tree."""
    assert condition_tree("a > 1 and b") == condition_tree("a > 1 and b")
    assert hash(condition_tree("a in (1)")) == hash(condition_tree("a in (1)"))
    assert condition_tree("a or b") != condition_tree("a and b")
    assert {type(node) for node in walk(condition_tree("not known(a) or b in (1) and c"))} == {
        *(Either, Not, Call, Name, All, Among, Figure),
    }
