"""Which item of one list is which of another."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import growth

from pytest_kore_convtest.suites.align import Alignment, align

LETTERS = st.lists(st.sampled_from("abcdef"), max_size=14)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ab", "ab", Alignment(same=[(0, 0), (1, 1)])),
        ("abc", "ac", Alignment(same=[(0, 0), (2, 1)], lost=[1])),
        ("ac", "abc", Alignment(same=[(0, 0), (1, 2)], added=[1])),
        ("abc", "axc", Alignment(same=[(0, 0), (2, 2)], changed=[(1, 1)])),
        ("ab", "ba", Alignment(same=[(1, 0)], moved=[(0, 1)])),
        ("ayby", "aby", Alignment(same=[(0, 0), (2, 1), (3, 2)], lost=[1])),
        ("", "", Alignment()),
    ],
)
def test_each_item_finds_its_place(old, new, expected):
    """Equal, lost, added, changed and moved items are told apart, repeated ones by their neighbours."""
    assert align(old, new) == expected


@given(LETTERS, LETTERS)
def test_every_item_is_accounted_for_once(old, new):
    """Each item of both lists is in exactly one place, and only changed pairs are unequal."""
    found = align(old, new)
    pairs = [*found.same, *found.moved, *found.changed]
    assert sorted([*(i for i, _ in pairs), *found.lost]) == list(range(len(old)))
    assert sorted([*(j for _, j in pairs), *found.added]) == list(range(len(new)))
    assert all(old[i] == new[j] for i, j in [*found.same, *found.moved])
    assert all(old[i] != new[j] for i, j in found.changed)
    assert [j for _, j in found.same] == sorted(j for _, j in found.same)


@given(LETTERS.flatmap(lambda letters: st.tuples(st.just(letters), st.permutations(letters))))
def test_a_permutation_loses_nothing(pair):
    """The same items in another order are moved, never lost, added or changed."""
    found = align(*pair)
    assert (found.lost, found.added, found.changed) == ([], [], [])


@given(LETTERS, LETTERS)
def test_what_both_have_is_never_lost(old, new):
    """An item counts as lost or changed only when the other list has too few of it."""
    found = align(old, new)
    kept = Counter(old[i] for i, _ in [*found.same, *found.moved])
    assert kept == Counter(old) & Counter(new)


@pytest.mark.parametrize(
    "item",
    [lambda n, size: str(size - n), lambda n, _: f"x{n}", lambda *_: "yes", lambda n, _: str(n // 2)],
    ids=["reversed", "changed", "same", "twins"],
)
def test_thousands_are_quick(item):
    """Of thousands of items, twice as many are about twice the work, in whatever order."""

    def both(size):
        new = [item(n, size) for n in range(size)]
        return lambda: (align([str(n) for n in range(size)], new), align(new, new[::-1]))

    assert growth(both, 4000) < 2.6


def test_two_edits_among_thousands_of_repeated_items():
    """Where nothing is unique, runs of items are: two edits stay two edits."""
    bits = [
        str(number * number % 7 * number % 5 % 2) + ("!" if number % 11 == 3 else "")
        for number in range(4000)
    ]
    words = [f"{one}{(number * 2654435761 >> 7) % 3}" for number, one in enumerate(bits)]
    found = align(words, ["first", *words[1:2000], *words[2001:]])
    assert found.changed == [(0, 0)]
    assert len(found.lost) == 1
    assert found.added == []
