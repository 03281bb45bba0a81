"""The signals that end a test run: which of them end a wait, and which are held off at its end."""

import os
import signal
from threading import Thread

import pytest

from pytest_kore_convtest.plugin.signals import Farewell, terminated_like_interrupted

ENDING = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _usual():
    """Let signals do as they do where nobody has touched them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDING)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def handlers():
    """Return what is done on the signals."""
    return [signal.getsignal(number) for number in (signal.SIGINT, *ENDING)]


USUAL = [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_a_wait_as_ctrl_c_does(number):
    """It says by which, and afterwards the signal does as usual."""
    with pytest.raises(KeyboardInterrupt, match=f"^{number.name}$"), terminated_like_interrupted():
        signal.raise_signal(number)
    assert handlers() == USUAL


def test_a_signal_while_nothing_is_under_way_does_as_usual(monkeypatch):
    """It is sent again, to whom it belongs."""
    sent = []
    monkeypatch.setattr(os, "kill", lambda *what: sent.append((*what, signal.getsignal(signal.SIGTERM))))
    with terminated_like_interrupted(lambda: False):
        signal.raise_signal(signal.SIGTERM)
    assert sent == [(os.getpid(), signal.SIGTERM, signal.SIG_DFL)]


def test_somebody_elses_handler_stays():
    """A signal that a program takes itself, or ignores, is not ours."""
    theirs = []
    signal.signal(signal.SIGHUP, lambda number, _: theirs.append(number))
    with terminated_like_interrupted():
        signal.raise_signal(signal.SIGHUP)
    assert theirs == [signal.SIGHUP]


def test_no_other_thread_takes_signals():
    """Python gives them to the main thread alone."""
    seen = []

    def work():
        farewell = Farewell(lambda: True)
        farewell.hold_off()
        with terminated_like_interrupted():
            seen.extend(handlers())
        farewell.let_go()

    thread = Thread(target=work)
    thread.start()
    thread.join()
    assert seen == USUAL


@pytest.fixture
def farewell():
    """Hold signals off; give what does it, and whether suites are being deleted."""
    cleaning = []
    made = Farewell(lambda: bool(cleaning))
    made.hold_off()
    yield made, cleaning
    made.let_go()
    assert handlers()[0] is signal.default_int_handler


@pytest.mark.parametrize("number", [signal.SIGINT, *ENDING])
def test_the_first_signal_at_the_end_is_held_off(farewell, number):
    """The reports are written first."""
    farewell[0].hold_off()
    signal.raise_signal(number)
    farewell[0].let_go()
    assert handlers() == USUAL


def test_the_first_signal_ends_a_clean_up(farewell):
    """Deleting suites may take its time, and nobody is to wait for it twice."""
    farewell[1].append("under way")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_the_second_signal_does_as_usual(farewell):
    """Whoever asks twice means it."""
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert handlers() == USUAL
    assert farewell[1] == []


def test_what_a_program_does_itself_at_the_end_stays():
    """Only what would end the process is held off."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    farewell = Farewell(lambda: True)
    farewell.hold_off()
    signal.raise_signal(signal.SIGHUP)
    farewell.let_go()
    assert handlers() == [*USUAL[:2], signal.SIG_IGN]
