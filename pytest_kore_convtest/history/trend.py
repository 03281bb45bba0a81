"""How suites did over time: the last verdicts, how often they passed, how long they took."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.history.compare import SLOWER_SECONDS
from pytest_kore_convtest.history.identity import FAILED, FLAKY, PASSED
from pytest_kore_convtest.reports.markup import code, table
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.history.identity import SuiteState
    from pytest_kore_convtest.history.store import PastRun
    from pytest_kore_convtest.reports.html.trend import SuiteTrend

SHOWN = 30
"""Verdicts of a suite that are drawn, the latest on the right."""

_SIGNS = {PASSED: "✓", FAILED: "✗", FLAKY: "~", "known": "k", "": "?"}
_PLAIN = {PASSED: "+", FAILED: "x", FLAKY: "~", "known": "k", "": "?"}
_BARS = "▁▂▃▄▅▆▇█"
_LEGEND = {
    PASSED: "passed",
    FAILED: "failed",
    FLAKY: "flaky",
    "known": "known failures only",
    "": "not verified",
}


class _Row:
    """What a history tells of one suite of one bot."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.when: list[str] = []
        self.each: list[float | None] = []

    def add(self, suite: SuiteState, when: str) -> None:
        """Take in a run of the suite."""
        self.words.append(_judge(suite))
        self.when.append(when)
        self.each.append(suite.seconds)

    @property
    def seconds(self) -> list[float]:
        """How long its runs took, as far as that is known."""
        return [one for one in self.each if one is not None]


def _judge(suite: SuiteState) -> str:
    if suite.verdict == FAILED:
        return "known" if suite.excused else FAILED
    if suite.verdict != PASSED:
        return ""
    return FLAKY if suite.flaky or any(step.outcome == FLAKY for step in suite.steps) else PASSED


def can_draw(encoding: str | None) -> bool:
    """Say whether an output's encoding has the signs."""
    try:
        f"{''.join(_SIGNS.values())}{_BARS}".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def draw_text(runs: Sequence[PastRun], *, plain: bool = False) -> list[str]:
    """Return lines for a terminal.

    Args:
        runs: The runs, the oldest first.
        plain: Whether to use ASCII only.
    """
    signs = _PLAIN if plain else _SIGNS
    lines = [f"{plural(len(runs), 'run')}; {_legend(signs)}"]
    for bot, suites in _gather(runs).items():
        lines += ["", printable(bot, 160)]
        wide = max(len(printable(name, 40)) for name in suites)
        for name, row in suites.items():
            drawn = "".join(signs[word] for word in row.words[-SHOWN:])
            cells = (f"{printable(name, 40):{wide}}", f"{drawn:>{SHOWN}}", f"{_rate(row):>15}")
            lines.append(f"  {'  '.join(cells)}  {_durations(row, plain=plain)}".rstrip())
    return lines


def draw_markdown(runs: Sequence[PastRun]) -> str:
    """Return the same as Markdown."""
    text = [f"## Conversation tests: {plural(len(runs), 'run')}\n\n{_legend(_SIGNS)}\n"]
    for bot, suites in _gather(runs).items():
        rows = [
            (
                code(name, 80),
                code("".join(_SIGNS[word] for word in row.words[-SHOWN:])),
                _rate(row),
                _durations(row, plain=False),
            )
            for name, row in suites.items()
        ]
        text.append(f"\n{code(bot)}\n\n{table(['Suite', 'Last verdicts', '>Passed', 'Seconds'], rows)}")
    return "".join(text)


def draw_html(runs: Sequence[PastRun]) -> str:
    """Return the same as one HTML page.

    Raises:
        ConfigError: Jinja2 is not installed.
    """
    try:
        from pytest_kore_convtest.reports.html.trend import BotTrend, render_trend

        bots = [
            BotTrend(bot, [_view_suite(name, row) for name, row in suites.items()])
            for bot, suites in _gather(runs).items()
        ]
        days = sorted({run.state.began[:10] for run in runs})
        period = f" from {days[0]} to {days[-1]}" if len(days) > 1 else f" of {days[0]}" if days else ""
        signs = {word: (sign, _LEGEND[word]) for word, sign in _SIGNS.items()}
        return render_trend(bots, f"{plural(len(runs), 'run')}{period}", signs)
    except ModuleNotFoundError as error:
        missing = error.name
    needs = f"the HTML page needs {missing}: pip install 'pytest-kore-convtest[report]'"
    raise ConfigError(needs, name="html")


def _view_suite(name: str, row: _Row) -> SuiteTrend:
    from pytest_kore_convtest.reports.html.trend import SuiteTrend, Verdict

    last = zip(row.words[-SHOWN:], row.when[-SHOWN:], row.each[-SHOWN:], strict=True)
    verdicts = [Verdict(*one) for one in last]
    return SuiteTrend(name, verdicts, _rate(row), _durations(row, plain=True))


def _legend(signs: dict[str, str]) -> str:
    return ", ".join(f"{sign} {_LEGEND[word]}" for word, sign in signs.items())


def _gather(runs: Sequence[PastRun]) -> dict[str, dict[str, _Row]]:
    """Return what there is of each suite by bot and by file and name."""
    found: dict[str, dict[tuple[str, str], _Row]] = {}
    for run in runs:
        for suite in run.state.suites:
            bot = found.setdefault(", ".join(sorted(run.state.bots)), {})
            bot.setdefault((suite.file, suite.name), _Row()).add(suite, run.state.began)
    return {bot: _name_rows(suites) for bot, suites in found.items()}


def _name_rows(suites: dict[tuple[str, str], _Row]) -> dict[str, _Row]:
    """Name each suite; with its file when another one has the same name."""
    counts = Counter(name for _, name in suites)
    return {name if counts[name] == 1 else f"{name} ({file})": row for (file, name), row in suites.items()}


def _rate(row: _Row) -> str:
    passed = sum(word in {PASSED, FLAKY} for word in row.words)
    return f"{passed} of {len(row.words)}, {100 * passed // len(row.words)} %"


def _durations(row: _Row, *, plain: bool) -> str:
    seconds = row.seconds
    if not seconds:
        return ""
    low, high = min(seconds), max(seconds)
    said = f"{low:.1f} / {median(seconds):.1f} / {high:.1f} s"
    if plain:
        return said
    step = max(high - low, SLOWER_SECONDS) / (len(_BARS) - 1)
    return f"{said} {''.join(_BARS[round((one - low) / step)] for one in seconds[-SHOWN:])}"
