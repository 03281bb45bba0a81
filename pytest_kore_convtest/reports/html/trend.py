"""A history as one HTML page: of each suite its last verdicts, how often it passed, how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports.html.page import hash_part, make_environment, read_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HEIGHT, WIDTH = 24, 6
"""Pixels of the tallest bar, and from one bar to the next."""

_LEAST = 2
"""Pixels of the smallest bar, so that it can be seen."""

_FULL = 5.0
"""Seconds of the tallest bar at least: less is no difference that anybody should look at."""


class Verdict(NamedTuple):
    """What became of a suite in one run: the word, when, and seconds; ``None`` when nobody knows."""

    word: str
    when: str
    seconds: float | None


class SuiteTrend(NamedTuple):
    """A suite over time: its last verdicts, the oldest first, and in words how often and how long."""

    name: str
    verdicts: list[Verdict]
    rate: str
    durations: str


class BotTrend(NamedTuple):
    """The suites of one bot, or of several that were tested together."""

    name: str
    suites: list[SuiteTrend]


class Bar(NamedTuple):
    """One run's duration, in pixels from the left and of height."""

    x: int
    height: int


def render_trend(bots: Sequence[BotTrend], said: str, signs: Mapping[str, tuple[str, str]]) -> str:
    """Render a history as one HTML page.

    Args:
        bots: What there is of each bot.
        said: How many runs there are, and of when.
        signs: The sign of each verdict's word and what it means.

    Raises:
        ModuleNotFoundError: Jinja2 is not installed.
    """
    environment = make_environment()
    style = read_part("report.css") + read_part("trend.css")
    drawn = [[(suite, draw_bars(suite.verdicts)) for suite in bot.suites] for bot in bots]
    return environment.get_template("trend.html.j2").render(
        bots=list(zip(bots, drawn, strict=True)),
        said=said,
        signs=signs,
        bar={"height": HEIGHT, "width": WIDTH},
        style=style,
        style_hash=hash_part(style),
    )


def draw_bars(verdicts: Sequence[Verdict]) -> list[Bar]:
    """Draw the durations that are known as bars from zero, below the verdicts that they belong to."""
    longest = max([_FULL, *(one.seconds or 0.0 for one in verdicts)])
    return [
        Bar(at * WIDTH, max(_LEAST, round(HEIGHT * max(one.seconds, 0.0) / longest)))
        for at, one in enumerate(verdicts)
        if one.seconds is not None
    ]
