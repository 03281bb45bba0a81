"""The signals that end a test run: what ends a wait, and what the end of the run is kept safe from."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def terminated_like_interrupted(is_wanted: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Let SIGTERM, which CI sends, and SIGHUP end a wait as Ctrl-C does: reports are written, ids printed.

    Args:
        is_wanted: Says whether anything is under way; a signal does as usual when nothing is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    ours = [number for number, handler in before.items() if handler is signal.SIG_DFL]

    def interrupt(number: int, _frame: object) -> None:
        if is_wanted():
            raise KeyboardInterrupt(signal.Signals(number).name)
        signal.signal(number, before[number])
        os.kill(os.getpid(), number)

    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


class Farewell:
    """Hold further signals off while the end of an interrupted run is told.

    CI sends SIGINT, then SIGTERM, then kills: without this the second one would cost the
    reports. It ends a clean-up that is under way; a third one ends the process.

    Args:
        is_cleaning: Says whether suites are being deleted just now.
    """

    def __init__(self, is_cleaning: Callable[[], bool]) -> None:
        self._is_cleaning = is_cleaning
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._count = 0

    def hold_off(self) -> None:
        """Begin."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, *_SIGNALS):
            before = signal.getsignal(number)
            if before in {signal.SIG_DFL, signal.default_int_handler}:
                self._before[number] = before
                signal.signal(number, self._heed)

    def let_go(self) -> None:
        """End."""
        while self._before:
            signal.signal(*self._before.popitem())

    def _heed(self, number: int, _frame: object) -> None:
        self._count += 1
        if self._count > 1:
            self.let_go()
            os.kill(os.getpid(), number)
        elif self._is_cleaning():
            raise KeyboardInterrupt
