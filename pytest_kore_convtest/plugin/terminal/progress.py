"""What is told while jobs are waited for: live lines on a terminal, news at intervals elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_kore_convtest.jobs.progress import State
    from pytest_kore_convtest.plugin.durations import Durations
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.plugin.terminal.progress_screen import Screen

NEWS_INTERVAL = 30.0
"""Seconds between two batches of news where there is no terminal."""

_FRESH, _STALE = 0.5, 1.0
"""Seconds after which a picture is drawn anew: when something has moved, and in any case."""

_PATIENT_TICKS = 2
"""Ticks of one wait from which on it is shown: a shorter one would only flicker."""


class Display(Protocol):
    """A way to show how jobs are getting on."""

    def show(self, states: Sequence[State]) -> None:
        """Show all jobs as they are now."""

    def rest(self) -> None:
        """Nobody waits any more for now."""


class News:
    """Tell a job's first word and its end at once, what happens between at intervals.

    Args:
        write: Writes lines.
        now: Returns the monotonic time.
    """

    def __init__(self, write: Callable[[list[str]], None], now: Callable[[], float]) -> None:
        self._write, self._now = write, now
        self._told: dict[str, str] = {}
        self._ended: set[tuple[str, int]] = set()
        self._told_at = now()

    def show(self, states: Sequence[State]) -> None:
        """Tell what is new, if it is time."""
        due = self._now() - self._told_at >= NEWS_INTERVAL
        lines = [line for state in states if (line := self._line(state, due=due))]
        if not lines:
            return
        if due:
            self._told_at = self._now()
        self._write(lines)

    def rest(self) -> None:
        """Do nothing: lines stay."""

    def _line(self, state: State, *, due: bool) -> str:
        if state.ended:
            if (state.key, state.generation) in self._ended:
                return ""
            self._ended.add((state.key, state.generation))
            return f"kore: {state.label}: {state.words}"
        words = _in_words(state)
        before = self._told.get(state.key)
        if not words or words == before or not (due or before is None):
            return ""
        self._told[state.key] = words
        took = f" after {state.elapsed:.0f} s" if before is not None else ""
        return f"kore: {state.label}: {words}{took}"


def _in_words(state: State) -> str:
    if not state.trouble:
        return state.words
    last = f"; its last word was {state.words}" if state.words else ""
    return f"no answer: {state.trouble}{last}"


class Picture:
    """Show all jobs on a terminal, redrawn when something has moved and once a second.

    Args:
        screen: The terminal.
        durations: What jobs took in earlier test runs.
        now: Returns the monotonic time.
    """

    def __init__(self, screen: Screen, durations: Durations, now: Callable[[], float]) -> None:
        self._screen, self._durations, self._now = screen, durations, now
        self._drawn: tuple[object, ...] = ()
        self._drawn_at = float("-inf")
        self._ticks = 0
        self._gone = False

    def show(self, states: Sequence[State]) -> None:
        """Draw the jobs, if there is one under way and the last picture is old."""
        self._ticks += 1
        if self._gone or self._ticks < _PATIENT_TICKS:
            return
        if all(state.ended for state in states):
            self._screen.clear()
            return
        size, now = self._screen.size(), self._now()
        seen = (size, *[state.moved for state in states])
        if now - self._drawn_at < (_STALE if seen == self._drawn else _FRESH):
            return
        self._drawn, self._drawn_at = seen, now
        from pytest_kore_convtest.plugin.terminal.progress_lines import draw

        try:
            self._screen.show(draw(states, size, self._durations.usual, plain=self._screen.plain), size)
        except (OSError, ValueError):  # the terminal is gone; the tests go on
            self._gone = True
            self._screen.clear()

    def rest(self) -> None:
        """Take the picture away."""
        self._screen.clear()
        self._ticks, self._drawn_at = 0, float("-inf")


class Silence:
    """Show nothing: what ``-q`` asks for."""

    def show(self, states: Sequence[State]) -> None:
        """Show nothing."""

    def rest(self) -> None:
        """Take nothing away."""


class Progress:
    """Watch the jobs of a run and show them.

    Args:
        run: The run.
        now: Returns the monotonic time.
    """

    def __init__(self, run: Run, now: Callable[[], float] | None = None) -> None:
        self._run, self._now = run, now or _monotonic
        self._display: Display | None = None
        self._durations: Durations | None = None

    def tick(self) -> None:
        """Look at all jobs and show them; called while one is waited for, every quarter of a second."""
        from pytest_kore_convtest.jobs.progress import look

        now = self._now()
        self.show([look(job, now) for job in self._run.jobs()])

    def show(self, states: Sequence[State]) -> None:
        """Show these jobs, and learn how long they took: with ``-q``, too."""
        if not states:
            return
        display, durations = self._open()
        durations.learn(states)
        display.show(states)

    def _open(self) -> tuple[Display, Durations]:
        if self._display is None or self._durations is None:
            from pytest_kore_convtest.plugin.durations import Durations
            from pytest_kore_convtest.plugin.terminal.output import write_lines
            from pytest_kore_convtest.plugin.terminal.progress_screen import open_screen

            config, now = self._run.config, self._now
            self._durations = Durations(config, self._run.settings)
            if getattr(config.option, "verbose", 0) < 0:
                self._display = Silence()
            elif screen := open_screen(config):
                self._display = Picture(screen, self._durations, now)
            else:
                self._display = News(lambda lines: write_lines(config, lines), now)
        return self._display, self._durations

    def rest(self) -> None:
        """Take away what is drawn: nobody waits any more for now."""
        if self._display is not None and self._durations is not None:
            self._display.rest()
            self._durations.save()


def _monotonic() -> float:
    from pytest_kore_convtest.api.retry import SystemClock

    return SystemClock().monotonic()
