"""What is told while jobs are waited for."""

from types import SimpleNamespace

import pytest

from pytest_kore_convtest.jobs.progress import State
from pytest_kore_convtest.plugin.terminal.progress import News, Picture, Progress
from pytest_kore_convtest.plugin.terminal.progress_lines import Size
from pytest_kore_convtest.settings.settings import Settings

WAITING = State("k", "job-1")
BEGUN = WAITING._replace(words="IN_PROGRESS 0 %", percent=0.0, asks=1, elapsed=1.0)
MOVED = BEGUN._replace(words="IN_PROGRESS 40 %", percent=40.0, asks=4, elapsed=12.0)
TROUBLED = MOVED._replace(trouble="no answer in time", silent=3.0)
ENDED = State("k", "job-1", generation=1, words="SUCCESS after 63.0 s, 9 requests", asks=9, good=True)


class Now:
    """A clock that stands until it is set."""

    def __init__(self):
        self.time = 0.0

    def __call__(self):
        """Return the time."""
        return self.time


@pytest.fixture
def now():
    """Give a clock."""
    return Now()


@pytest.fixture
def told(now):
    """Give a function that shows states at a time and returns the lines written for it."""
    written = []
    news = News(written.append, now)

    def show(time, *states):
        now.time, written[:] = time, []
        news.show(states)
        return [line for batch in written for line in batch]

    return show


def test_the_first_word_and_the_end_are_told_at_once(told):
    """A job's first word and its end wait for nothing; each is told once."""
    assert told(0, WAITING) == []
    assert told(1, BEGUN) == ["kore: job-1: IN_PROGRESS 0 %"]
    assert told(2, BEGUN) == []
    assert told(3, ENDED) == ["kore: job-1: SUCCESS after 63.0 s, 9 requests"]
    assert told(99, ENDED) == []


def test_what_happens_between_is_told_every_thirty_seconds(told):
    """A change is told when 30 s have passed since the last batch, with the time it took."""
    told(0, BEGUN)
    assert told(29.9, MOVED) == []
    assert told(30, MOVED) == ["kore: job-1: IN_PROGRESS 40 % after 12 s"]
    assert told(45, TROUBLED) == []
    assert told(60, TROUBLED) == [
        "kore: job-1: no answer: no answer in time; its last word was IN_PROGRESS 40 % after 12 s"
    ]
    assert told(120, TROUBLED) == []


def test_many_jobs_share_one_batch(told):
    """The interval is the run's, not each job's."""
    first = [BEGUN._replace(key=str(number)) for number in range(50)]
    second = [MOVED._replace(key=str(number)) for number in range(50)]
    assert len(told(0, *first)) == 50
    assert told(15, *second[:25], *first[25:]) == []
    assert len(told(31, *second)) == 50
    assert told(32, *first) == []


def test_a_job_that_is_asked_again_ends_again(told):
    """After trouble a rerun may bring another outcome: that is told, too."""
    assert len(told(0, ENDED)) == 1
    assert told(1, ENDED._replace(generation=2, words="no verdict")) == ["kore: job-1: no verdict"]


class Screen:
    """Count pictures."""

    plain = False

    def __init__(self):
        self.dimensions, self.pictures, self.shown, self.gone = Size(80, 24), 0, False, False

    def size(self):
        """Return the size."""
        return self.dimensions

    def show(self, *_):
        """Note a picture."""
        if self.gone:
            raise OSError
        self.pictures, self.shown = self.pictures + 1, True

    def clear(self):
        """Take it away."""
        self.shown = False


@pytest.fixture
def screen():
    """Give a screen."""
    return Screen()


@pytest.fixture
def picture(screen, now):
    """Give a function that shows states at a time and returns how many pictures were drawn so far."""
    made = Picture(screen, SimpleNamespace(usual=lambda _: None), now)

    def show(time, *states):
        now.time = time
        made.show(states)
        return screen.pictures

    show.rest = made.rest
    return show


def test_a_short_wait_shows_nothing(picture, screen):
    """The first tick draws nothing, so waits below half a second do not flicker, however many there are."""
    for time in range(5):
        assert picture(time, BEGUN) == 0
        picture.rest()
    picture(10.0, BEGUN)
    assert picture(10.25, BEGUN) == 1


def test_a_picture_is_drawn_when_something_moved_and_once_a_second(picture, screen):
    """Twice a second at most; without a change once a second, for the time that passes."""
    picture(0.0, BEGUN)
    assert picture(0.25, BEGUN) == 1
    assert [picture(time, BEGUN) for time in (0.5, 0.75, 1.0, 1.25)] == [1, 1, 1, 2]
    assert [picture(time, MOVED) for time in (1.5, 1.75, 2.0)] == [2, 3, 3]


def test_a_resized_terminal_is_drawn_anew(picture, screen):
    """Another size is a change."""
    picture(0.0, BEGUN)
    picture(0.25, BEGUN)
    screen.dimensions = Size(40, 10)
    assert picture(0.75, BEGUN) == 2


def test_the_end_takes_the_picture_away(picture, screen):
    """When the last job has ended, nothing is left to show."""
    picture(0.0, BEGUN)
    picture(0.25, BEGUN)
    assert screen.shown
    picture(0.5, ENDED)
    assert not screen.shown


def test_a_rest_takes_the_picture_away(picture, screen):
    """When nobody waits any more, pytest has the terminal for itself."""
    picture(0.0, BEGUN)
    picture(0.25, BEGUN)
    picture.rest()
    assert not screen.shown


def test_a_terminal_that_is_gone_ends_no_run(picture, screen):
    """A closed window is not the tests' trouble; it is not tried again."""
    screen.gone = True
    picture(0.0, BEGUN)
    picture(0.25, BEGUN)
    screen.gone = False
    assert picture(9.0, MOVED) == 0


class Reporter:
    """As much of pytest's reporter as is asked for; no terminal."""

    isatty = False

    def __init__(self):
        self.lines = []

    def ensure_newline(self):
        """Do nothing."""

    def flush(self):
        """Do nothing."""

    def write_line(self, line):
        """Keep a line."""
        self.lines.append(line)


def run_with(reporter, verbose):
    """Return a run with one ended job."""
    job = SimpleNamespace(
        key="k",
        label="job-1",
        uploads=False,
        resume="x",
        outcome=SimpleNamespace(
            status=SimpleNamespace(sent_status="SUCCESS"), seconds=1.0, asks=1, generation=1
        ),
    )
    config = SimpleNamespace(
        option=SimpleNamespace(verbose=verbose),
        pluginmanager=SimpleNamespace(get_plugin={"terminalreporter": reporter}.get),
        get_terminal_writer=lambda: SimpleNamespace(width_of_current_line=0),
    )
    return SimpleNamespace(config=config, settings=Settings.read(env={}), jobs=lambda: [job])


@pytest.mark.parametrize(
    ("verbose", "said"),
    [(0, ["kore: job-1: SUCCESS after 1.0 s, 1 request"]), (-1, [])],
    ids=["plain", "quiet"],
)
def test_the_jobs_of_a_run_are_watched(verbose, said):
    """Without a terminal there are lines; with -q there is nothing."""
    reporter = Reporter()
    progress = Progress(run_with(reporter, verbose), lambda: 0.0)
    progress.tick()
    progress.tick()
    progress.rest()
    assert reporter.lines == said


def test_a_rest_before_the_first_look_is_nothing():
    """A run that never waited has nothing to take away."""
    Progress(run_with(Reporter(), 0)).rest()
