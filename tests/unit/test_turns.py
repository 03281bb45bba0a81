"""How many changes at once, and how often, over all processes of a test run."""

import pytest

from pytest_kore_convtest.ledger import Ledger
from pytest_kore_convtest.settings import Settings
from pytest_kore_convtest.turns import WRITES, Turns


@pytest.fixture(params=["one process", "two processes"])
def pair(request, tmp_path):
    """Make the turns of two who meet in one ledger, in memory or on disk, at a time that stands still."""
    memory = Ledger(None)
    folder = tmp_path / "run"
    now = [1000.0]

    def make(**values):
        settings = Settings.read(env={}, **values)
        ledgers = [memory, memory] if request.param == "one process" else [Ledger(folder), Ledger(folder)]
        return now, *(Turns(ledger, settings, lambda: now[0]) for ledger in ledgers)

    return make


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_slots_than_allowed(pair, most):
    """As many as ``kore_max_parallel`` are given, whoever asks; one that is free again is given again."""
    _, first, second = pair(max_parallel=most)
    slots = [first.take_slot() for _ in range(most)]
    assert None not in slots
    assert second.take_slot() is None
    slots[0].release()
    slots[0] = second.take_slot()
    assert slots[0] is not None
    assert first.take_slot() is None


def test_sixty_changes_a_minute(pair):
    """The sixty-first change waits until the first one is a minute old, whoever made them."""
    now, first, second = pair()
    assert all((first, second)[number % 2].may_write() for number in range(60))
    assert not first.may_write()
    assert not second.may_write()
    now[0] += 61
    assert second.may_write()


def test_the_limit_can_be_switched_off(pair):
    """With ``kore_rate_limit`` off nothing is counted."""
    _, first, _ = pair(rate_limit=False)
    assert all(first.may_write() for _ in range(100))


def test_only_one_counts_at_a_time(tmp_path):
    """While another process counts, nobody else may write; afterwards the count is complete."""
    ledger, other = Ledger(tmp_path / "run"), Ledger(tmp_path / "run")
    turns = Turns(ledger, Settings.read(env={}), lambda: 1000.0)
    claim = other.claim(WRITES)
    assert not turns.may_write()
    claim.release()
    assert turns.may_write()
    assert other.read(WRITES) == {"times": [1000.0]}


def test_a_limit_that_refuses_gives_its_turn_back(pair):
    """A refused change leaves no lock behind."""
    now, first, second = pair()
    assert all(first.may_write() for _ in range(60))
    assert not first.may_write()
    now[0] += 3600
    assert second.may_write()
