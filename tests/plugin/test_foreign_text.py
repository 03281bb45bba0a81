"""Foreign text is shown, never obeyed: looked at with the eyes of terminals and CI servers."""

import json
import os
import re
from xml.etree import ElementTree as ET

import pytest
from fork_server import run_module

from pytest_kore_convtest.__main__ import main

FORGED = "kore: 7 suites imported and valid"
BOMB = (
    "word\n::error file=a.py::boom\n \t::add-mask::x\n::stop-commands::t\n"
    "##[error]boom then ##vso[task.complete result=Failed;]done and ###[group]x\n##teamcity[buildStatus]\n"
    "[[ATTACHMENT|/etc/passwd]]section_start:1560896352:n\r\x1b[0Kx\nsection_end:1560896353:n\r\x1b[0K\n"
    "--- head\n+++ head\n~~~ head\n^^^ +++\n\x1b_bk;t=1\x07travis_fold:start:x\r\x1b[0K"
    "\x1b[2J\x1b]0;title\x07\x9b2J\x90q\x9c\u202eright\u202c\u2066\u200b\u00ad\u034f\u2028"
    "\x85::error::x\x0b::error::y\x0c::error::z\x1c::error::q\t\x08\ufeff\U000e0041\n"
    f"{FORGED}\n<script>alert 1</script><img src=x onerror=alert>[a]:javascript:x ![i]:http://e.x/i @team\n"
    "```\n</details>| a | b |\n|---|---|\n"
)
"""What every parser that is known to us would obey, or a terminal would."""

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\U000e0000-\U000e0fff]"
)
ANYWHERE = re.compile(r"##[A-Za-z]*\[|(?:section_start|section_end|travis_fold):\S|\[\[ATTACHMENT\|")
AT_START = re.compile(r"\s*::[\w-]+.*::|(?:---|\+\+\+|~~~|\^\^\^)\s", re.DOTALL)


def find_obeyed(text, allowed, *, forging):
    """Return what a terminal or a CI server would obey, with some of its surroundings."""
    found = [text[max(0, hit.start() - 40) : hit.end() + 20] for hit in CONTROL.finditer(text)]
    for line in text.splitlines():
        if line not in allowed and (ANYWHERE.search(line) or AT_START.match(line)):
            found.append(line)
        if forging and line.startswith(FORGED):
            found.append(line)
    return found[:5]


def check(surfaces, allowed=(), *, forging=True):
    """Assert that nothing is obeyed on any surface; only logs, no files, are read for closing lines."""
    found = {
        name: find_obeyed(text, allowed, forging=forging and name in {"stdout", "stderr"})
        for name, text in surfaces.items()
    }
    assert {name: obeyed for name, obeyed in found.items() if obeyed} == {}
    if "xml" in surfaces:
        ET.fromstring(surfaces["xml"])  # noqa: S314 - our own file


def make_suite(name="BOOKING", text="quote", reply="Hello", bot_id="st-1", **more):
    """Return a suite file's content with two steps."""
    steps = [
        {"input": "ONCONNECT", "event": "Start_Flow", "outputs": [{"contains": "Hi"}]},
        {"input": text, "outputs": [{"contains": reply}]},
    ]
    suite = {"name": name, "tags": [], "description": "", "messages": steps, **more}
    return {"botId": bot_id, "botName": "b", "testCases": [suite]}


def script(emulator, found, job="ds-1"):
    """Let a job succeed with a reply in which some things are other ones."""
    emulator.script(f"SUCCESS(merge='{json.dumps(found)}')", job=job)


@pytest.fixture
def pytest_run(pytester):
    """Run pytest in a process of its own; return everything that it printed and wrote, by surface."""

    def start(*args, **env):
        base = ("-p", "pytest_kore_convtest", "-p", "no:cacheprovider", "--junitxml=out.xml")
        reports = [f"--kore-{form}=out.{form}" for form in ("html", "json", "markdown")]
        command = (*base, *reports, *args)
        code, output, errors = run_module("pytest", *command, cwd=pytester.path, env={**os.environ, **env})
        surfaces = {"stdout": output, "stderr": errors}
        for form in ("xml", "html", "json", "markdown"):
            path = pytester.path / f"out.{form}"
            if path.exists():
                surfaces[form] = path.read_bytes().decode("utf-8", "surrogateescape")
        return code, surfaces

    return start


@pytest.mark.parametrize("args", ["-rA -v", "-q --tb=short", "--collect-only -q"])
def test_lint_of_a_strangers_file(pytest_run, pytester, args):
    """Whatever a pull request's suite file says in whichever place, lint and collection obey none of it."""
    for source in ("name", "text", "reply", "description", "tags", "bot_id", "messages"):
        content = make_suite(**{source: [BOMB] if source in {"tags", "messages"} else BOMB})
        (pytester.path / f"{source}.kore.json").write_text(json.dumps(content))
    content = make_suite()
    content[BOMB] = content["testCases"][0][BOMB] = 1
    (pytester.path / "key.kore.json").write_text(json.dumps(content))
    _, surfaces = pytest_run("-m", "not kore_live", *args.split())
    check(surfaces)
    assert "error file=a.py" in surfaces["stdout"]


@pytest.mark.parametrize("args", ["-v -rA", "", "--collect-only -q"])
def test_a_file_name_is_no_command(pytest_run, pytester, args):
    """The name of a file, or of its folder, forges neither a line nor a command; the file is judged."""
    name = "::error::x\n::add-mask::y ##vso[a]\x1b[2J\u202e.kore.json"
    for folder in ("", "::error::d"):
        (pytester.path / folder).mkdir(exist_ok=True)
        (pytester.path / folder / name).write_text(json.dumps(make_suite(f"S{folder}")))
    code, surfaces = pytest_run("-m", "not kore_live", "-p", "no:randomly", *args.split())
    check(surfaces)
    assert (code, "2 passed" in surfaces["stdout"] or "--collect-only" in args) == (0, True)


def test_a_broken_file_with_a_hostile_name(pytest_run, pytester):
    """A file that is no suite is told so in a line that obeys nothing."""
    for number, broken in enumerate(["{", '{"testCases": 1}', '["::error::x"]', f'{{"a": {BOMB}']):
        path = pytester.path / f"::error::x\n::add-mask::y{number}.kore.json"
        path.write_text(broken, encoding="utf-8")
    code, surfaces = pytest_run("-rA")
    check(surfaces)
    assert (code, "4 failed" in surfaces["stdout"]) == (1, True)


@pytest.mark.parametrize("args", ["-rA -v", "--tb=long -l -rA -p xdist -n 1"])
def test_a_bots_words(pytest_run, pytester, account, args):
    """What a bot says is obeyed nowhere: in a step's failure, its transcript, a report."""
    (pytester.path / "a.kore.json").write_text(json.dumps(make_suite(bot_id=account.stream_id)))
    account.bot({"ONCONNECT": [BOMB], "quote": [BOMB.replace("word", "other"), BOMB]})
    code, surfaces = pytest_run("--kore-run=inDevelopment", *args.split())
    check(surfaces)
    assert code == 1
    assert all("boom" in surfaces[form] for form in ("stdout", "xml", "html", "json", "markdown"))


def test_a_platforms_words(pytest_run, account):
    """Status logs, status words and everything in a stored suite are shown, not obeyed."""
    said = [
        {"status": "FAILED", "statusLogs": [{"status": BOMB, "message": BOMB}, BOMB]},
        {"status": f"FAILED {BOMB}"},
        {"jobType": BOMB},
        {"streamId": BOMB},
        {"response": {"name": BOMB, "streamId": BOMB, "testSteps": BOMB}},
        {"response": {"name": BOMB, "testSteps": [{"input": BOMB, "outputs": [{"text": BOMB}]}, BOMB]}},
    ]
    for number, found in enumerate(said):
        script(account, found, job=f"ds-{number}")
    jobs = [f"--kore-ds-id=ds-{number}" for number in range(len(said))]
    _, surfaces = pytest_run("--kore-gate", *jobs, "--kore-timeout=1", "-rA")
    check(surfaces)
    assert surfaces["stdout"].count("error file=a.py") >= len(said)


TEST = """
    def word(client):
        return client.import_status("ds-1").raw["statusLogs"][0]["message"]

    def test_shown(kore_client):
        print(word(kore_client))

    def test_compared(kore_client):
        assert word(kore_client) == "x"

    def test_raised(kore_client):
        raise RuntimeError(word(kore_client))
    """


def test_what_a_users_test_shows(pytest_run, pytester, account):
    """A test that prints, compares or raises the platform's words hands no commands to the CI server."""
    pytester.makepyfile(TEST)
    script(account, {"statusLogs": [{"message": BOMB}]})
    code, surfaces = pytest_run("-rA", "-vv")
    check(surfaces, forging=False)  # what a test prints begins where that test lets it begin
    assert (code, surfaces["stdout"].count("boom") > 2) == (1, True)


def test_a_refusal(pytest_run, account):
    """The message of a refusal is shown on one line."""
    said = "x ::error::y ##[error]z ##vso[a]b section_start:1:x"
    words = [f'{status}(msg="{said}")' for status in (400, 401, 500, 429)]
    words += ['redirect(to="http://x/##vso[a]b")', "html", "garbage"]
    for number, word in enumerate(words):
        account.script(word, job=f"ds-{number}")
    jobs = [f"--kore-ds-id=ds-{number}" for number in range(len(words))]
    code, surfaces = pytest_run("--kore-gate", *jobs, "--kore-timeout=1", "-o", "kore_outage_budget=0.5")
    check(surfaces)
    assert (code, "error::y # #[error]z" in surfaces["stdout"]) == (1, True)


SETTINGS = (
    "RUN",
    "KEEP",
    "TARGET",
    "TIMEOUT",
    "HOST",
    "STREAM_ID",
    "DS_ID",
    "USER_EMAIL",
    "HTML",
    "RATE_LIMIT",
)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_no_command(run, monkeypatch, name):
    """A refused value of a setting is no command; nor is one that is accepted."""
    monkeypatch.setenv(f"KORE_{name}", "::error::x ##vso[a.b]c\n::add-mask::y\x1b[2J")
    check({"stdout": run("--kore-gate").text})


def test_annotations_are_the_only_commands(pytest_run, pytester, account):
    """In GitHub Actions the commands in the log are our annotations, each one line."""
    content = make_suite(bot_id=account.stream_id, name=BOMB, text=BOMB)
    (pytester.path / "a.kore.json").write_text(json.dumps(content))
    account.bot({"ONCONNECT": [BOMB], BOMB: [BOMB]})
    _, surfaces = pytest_run("--kore-run=inDevelopment", GITHUB_ACTIONS="true")
    ours = [line for line in surfaces["stdout"].splitlines() if line.startswith(("::error ", "::warning "))]
    check(surfaces, allowed=ours)
    assert ours
    assert all(re.fullmatch(r"::(error|warning) (file|line|title)=[^:]*::[^\n]*", line) for line in ours)
    assert not any(ANYWHERE.search(line) for line in ours)


HOSTILE = "\n::error::x\n##vso[a]\x1b[2J"


@pytest.mark.parametrize(
    "argv",
    [
        [HOSTILE],
        ["report", HOSTILE, "--html", "x"],
        ["report", f"--{HOSTILE}"],
        ["emulator", "--bot", HOSTILE],
        ["emulator", "--port", HOSTILE],
        ["emulator", f"--{HOSTILE}"],
        ["schema", HOSTILE],
    ],
)
def test_the_command(capsys, argv):
    """What is wrong with an argument is said without obeying it."""
    assert main(argv) != 0
    shown = capsys.readouterr()
    check({"stdout": shown.out, "stderr": shown.err})
