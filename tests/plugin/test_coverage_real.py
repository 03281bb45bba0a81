"""Coverage of real bots by small suites on the emulator, against figures that were counted by hand."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
from sample_bots import MEDI, MINIMAL, TRAVEL, XO10

ROOT = Path(__file__).parents[2]
SUITES = ROOT / "tests" / "samples" / "conversations"


class Counted(NamedTuple):
    """What a suite goes through: transitions and nodes of dialogs, as ``covered, total`` of each."""

    definition: Path
    suite: str
    dialogs: dict
    own: tuple
    every: tuple


BOTS = {
    "xo10-travel": Counted(
        XO10,
        "xo10_travel.kore.yaml",
        # Of a bot action the one node inside is a node, too; no result names it.
        {"Welcome Task": (3, 10, 4, 7), "Book Cab": (4, 4, 4, 5), "Raise Issue": (5, 5, 5, 6)},
        (12, 89),
        (12, 91),
    ),
    "xo11-medi": Counted(
        MEDI,
        "xo11_medi.kore.yaml",
        {"showMediServices": (2, 13, 3, 10), "Get Appointment Details": (6, 9, 5, 7)},
        (8, 70),
        (8, 124),
    ),
    "xo11-travel": Counted(
        TRAVEL,
        "xo11_travel.kore.yaml",
        {"WanderPal": (2, 5, 3, 5), "Fallback Task": (2, 2, 2, 2)},
        (2, 10),
        (4, 64),
    ),
    "minimal": Counted(MINIMAL, "minimal.kore.yaml", {"Check Order Status": (1, 3, 2, 4)}, (1, 3), (1, 3)),
}


@pytest.fixture
def measured(run, pytester):
    """Run the suite of a bot on the emulator, which knows the bot; more arguments may follow."""

    def begin(bot, *more):
        name = f"--kore-bot-definition={bot.definition}"
        (pytester.path / bot.suite).write_bytes((SUITES / bot.suite).read_bytes())
        live = ("--kore-emulator", "--kore-run=inDevelopment", "--kore-json=r.json")
        done = run(*live, bot.suite, name, *more)
        return done, json.loads((pytester.path / "r.json").read_text())["coverage"]

    return begin


@pytest.mark.parametrize("name", BOTS)
def test_figures(measured, plugin_args, name):
    """Suites for real bots go through what was counted by hand, and every node in the results is found."""
    bot = BOTS[name]
    done, coverage = measured(bot, *plugin_args)
    assert done.code == 0
    found = {
        one["name"]: tuple(
            one[what][key] for what in ("transitions", "nodes") for key in ("covered", "total")
        )
        for one in coverage["dialogs"]
        if one["nodes"]["covered"]
    }
    assert found == bot.dialogs
    for kind, counted in (("own", bot.own), ("all", bot.every)):
        transitions = coverage["totals"][kind]["transitions"]
        assert (transitions["covered"], transitions["total"]) == counted
    assert (coverage["not_matched"], coverage["not_valid"], coverage["source"]) == ([], [], "runs")


def test_one_dialog(measured):
    """What is missing of a real dialog, and which step went through what, is as docs/coverage.md says."""
    _, coverage = measured(BOTS["xo11-medi"])
    dialog = next(one for one in coverage["dialogs"] if one["name"] == "Get Appointment Details")
    names = {node["id"]: node["name"] for node in dialog["nodes"]["list"]}

    def read(edges):
        return [" -> ".join(names.get(node, node) for node in edge) for edge in edges]

    assert sorted(read(dialog["transitions"]["missing"])) == [
        "RetrieveAppointmentDetails -> Script0002",
        "Script0002 -> ShowAppointmentDetails",
        "ShowAppointmentDetails -> end",
    ]
    assert [(step["step"], read(step["transitions"])) for step in dialog["steps"]] == [
        (2, ["Get_Appointment_Details -> GetContactNumber"]),
        (3, ["GetContactNumber -> ConfirmMobileNumber"]),
        (4, ["ConfirmMobileNumber -> GetContactNumber"]),
        (5, ["GetContactNumber -> ConfirmMobileNumber"]),
        (
            6,
            [
                "ConfirmMobileNumber -> RetrieveAppointmentDetails",
                "RetrieveAppointmentDetails -> Message0002",
                "Message0002 -> end",
            ],
        ),
    ]


def test_documented_table(measured):
    """The table of a real bot in docs/coverage.md is what the terminal shows."""
    done, _ = measured(BOTS["xo11-medi"])
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    begin = next(at for at, line in enumerate(done.lines) if line.startswith("coverage  "))
    end = next(at for at, line in enumerate(done.lines) if line.startswith("with the platform's dialogs"))
    assert "\n".join(done.lines[begin : end + 1]) in page


def test_documented_suite():
    """The suite of a real bot in docs/coverage.md is the one that is run here."""
    page = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert (SUITES / BOTS["xo11-medi"].suite).read_text(encoding="utf-8") in page


def test_a_stored_suite(measured):
    """Without a run equal texts decide: exports write them percent-encoded, suites as they are said."""
    _, coverage = measured(BOTS["xo10-travel"], "--kore-run=no")
    assert coverage["source"] == "suites"
    covered = {one["name"]: one["transitions"]["covered"] for one in coverage["dialogs"]}
    # Two forms ask with the same words, and two messages as well: neither can be told from the other.
    assert {name: count for name, count in covered.items() if count} == {"Welcome Task": 2, "Raise Issue": 5}


AGAIN = {
    "retried": ("--kore-retry-failed=1",),
    "repeated": ("--kore-repeat=2", "--kore-min-pass-rate=0.5"),
}


def details():
    """Return how the clinic's bot shows an appointment, with values put in."""
    components = json.loads(MEDI.read_bytes())["dialogComponents"]
    shows = next(one for one in components if one["name"] == "ShowAppointmentDetails")
    text = unquote(shows["message"][0]["localeData"]["en"]["text"])
    assert "{{" in text
    return re.sub(r"\{\{[^}]*\}\}", "something", text)


@pytest.mark.parametrize("name", AGAIN)
def test_several_runs(measured, pytester, plugin_args, name):
    """A suite that is run again covers what each of its runs went through: the bot found nothing but once."""
    answers = {"yes": {"runs": [details(), None]}}
    (pytester.path / "bot.json").write_text(json.dumps(answers))
    done, coverage = measured(BOTS["xo11-medi"], "--kore-bot=bot.json", *AGAIN[name], *plugin_args)
    assert done.code == 0
    dialog = next(one for one in coverage["dialogs"] if one["name"] == "Get Appointment Details")
    assert dialog["transitions"] == {"total": 9, "covered": 9, "missing": []}
    assert dialog["nodes"]["missing"] == []
    last = [len(step["transitions"]) for step in dialog["steps"] if step["step"] == 6]
    assert last == [4, 3]


def test_one_run_of_several(measured, pytester):
    """Without a second run what only that one would go through is missing."""
    (pytester.path / "bot.json").write_text(json.dumps({"yes": {"runs": [details(), None]}}))
    done, coverage = measured(BOTS["xo11-medi"], "--kore-bot=bot.json")
    assert done.code == 1
    dialog = next(one for one in coverage["dialogs"] if one["name"] == "Get Appointment Details")
    assert (dialog["transitions"]["covered"], dialog["transitions"]["total"]) == (7, 9)


class Page(HTMLParser):
    """Read the rows of the tables of nodes, and every id of a page.

    Args:
        text: The page.
    """

    def __init__(self, text):
        super().__init__()
        self.ids, self.rows, self._cell = set(), [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Take an element."""
        told = dict(attrs)
        self.ids.update(filter(None, [told.get("id")]))
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self._cell = {"text": "", "links": []}
            self.rows[-1].append(self._cell)
        elif tag == "a" and self._cell is not None:
            self._cell["links"].append(told.get("href"))

    def handle_endtag(self, tag):
        """Leave an element."""
        if tag in {"td", "th"}:
            self._cell = None

    def handle_data(self, data):
        """Take a text."""
        if self._cell is not None:
            self._cell["text"] += data


def test_page(measured, pytester):
    """The page lists each node of a dialog, gone through or not, with links to the steps that did."""
    measured(BOTS["xo11-medi"], "--kore-html=r.html")
    page = Page((pytester.path / "r.html").read_text(encoding="utf-8"))
    rows = {row[0]["text"]: row[1:] for row in page.rows if row}
    kind, gone, missing, steps = rows["RetrieveAppointmentDetails"]
    assert (kind["text"], gone["text"], missing["text"]) == ("service", "yes", "Script0002")
    assert steps["text"] == "GET-APPOINTMENT: step 06 yes"
    assert [cell["text"] for cell in rows["Script0002"]] == ["script", "no", "ShowAppointmentDetails", ""]
    asked = rows["ConfirmMobileNumber"][3]
    assert asked["text"] == (
        "GET-APPOINTMENT: step 03 +49 151 555, GET-APPOINTMENT: step 04 no,"
        " GET-APPOINTMENT: step 05 +49 151 556"
    )
    assert asked["links"] == ["#s1-step-03", "#s1-step-04", "#s1-step-05"]
    assert {link[1:] for link in asked["links"]} <= page.ids


def test_page_of_repeats(measured, pytester):
    """Steps of several runs are named by their suite, and linked to the one place where the page has them."""
    measured(BOTS["xo11-medi"], "--kore-html=r.html", "--kore-repeat=2")
    page = Page((pytester.path / "r.html").read_text(encoding="utf-8"))
    steps = next(row for row in page.rows if row and row[0]["text"] == "Message0002")[4]
    assert (steps["text"], steps["links"]) == ("GET-APPOINTMENT: step 06 yes", ["#s1-step-06"])
