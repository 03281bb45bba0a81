"""The lies: what a platform, a file or a command line can do to make a test run say what is not so."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from torture.lying_platform import TEXTS, checks, suite_file
from torture.processes import SECRET, Lie

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GATE = ("--kore-gate",)
SUITE = "booking.kore.json"
RUN = ("--kore-run", "inDevelopment")
FILES = {SUITE: suite_file()}
GOOD_BAD = {"jobs": {"ds-bad": "FAILED"}}
NO_ACCOUNT: dict[str, Any] = {"platform": None}
PLAIN = "def test_plain():\n    pass\n"
LINE_START = r"^[\s|>E+-]*"
"""What pytest and tools put before a text, beyond which a CI still looks for a command."""


def all_lies() -> list[Lie]:
    """Return all of them, by kind."""
    makers = (
        lost_red,
        another_runs_result,
        nothing_verified,
        lost_assertions,
        counted_once,
        foreign_text,
        unbounded_work,
        shared_names,
        secrets_in_the_wrong_place,
        ends_of_a_wait,
        files,
        other_plugins,
    )
    return list(chain.from_iterable(make() for make in makers))


def _gate(*ids: str) -> tuple[str, ...]:
    return (*GATE, *(f"--kore-ds-id={one}" for one in ids))


def lost_red() -> Iterator[Lie]:
    """What was configured or selected and came to no good end, and yet the run was green."""
    kind = "Red that is lost"
    env = {"KORE_DS_ID": "good=ds-good,bad=ds-bad"}
    yield Lie(
        kind,
        "the bad job is deselected: it is not asked for, and the run says so",
        (*GATE, "-k", "good"),
        red=False,
        env=env,
        platform=GOOD_BAD,
        says=("not waited for",),
        calls={"status ds-bad": 0},
    )
    yield Lie(
        kind,
        "the same, and the ids were typed",
        (*_gate("good=ds-good", "bad=ds-bad"), "-k", "good"),
        platform=GOOD_BAD,
        says=("ds-bad",),
    )
    yield Lie(
        kind,
        "only the structure of a rejected import is selected",
        (*GATE, "-k", "structure"),
        env={"KORE_DS_ID": "ds-bad"},
        platform=GOOD_BAD,
        says=("FAILED",),
    )
    yield Lie(
        kind,
        "the ids stand in addopts, the bad one's items are deselected by their ids",
        (*GATE, "--deselect", "kore-gate::import[bad]", "--deselect", "kore-gate::structure[bad]"),
        platform=GOOD_BAD,
        env={"PYTEST_ADDOPTS": "--kore-ds-id=good=ds-good --kore-ds-id=bad=ds-bad"},
        says=("not waited for|ds-bad",),
        red=False,
        calls={"status ds-bad": 0},
    )
    yield Lie(
        kind,
        "steps are selected, and the platform ran another version",
        ("-k", "step", *RUN, SUITE),
        files=FILES,
        platform={"bend_run": lambda said: said["result"].update(version="published")},
        says=("published",),
    )
    yield Lie(
        kind,
        "steps are selected, and the run failed without a failed step",
        ("-k", "step", *RUN, SUITE),
        files=FILES,
        platform={"bend_run": lambda said: said.update(status="failed")},
    )
    yield Lie(
        kind,
        "one skipped test of the platform beside a green lint",
        (SUITE, "test_one.py", "-k", "lint or one"),
        files={
            **FILES,
            "test_one.py": "import pytest\n@pytest.mark.skip\ndef test_one(kore_import_status): pass\n",
        },
        env={"KORE_DS_ID": "ds-bad"},
        platform=GOOD_BAD,
        says=("skipped",),
        calls={"status": 0},
    )
    yield Lie(
        kind,
        "every item of the gate is skipped by a conftest.py",
        _gate("ds-bad"),
        platform=GOOD_BAD,
        files={
            "conftest.py": "import pytest\ndef pytest_collection_modifyitems(items):\n"
            "    for item in items: item.add_marker(pytest.mark.skip)\n"
        },
    )
    yield Lie(
        kind,
        "every item of the gate is expected to fail",
        _gate("ds-bad"),
        platform=GOOD_BAD,
        files={
            "conftest.py": "import pytest\ndef pytest_collection_modifyitems(items):\n"
            "    for item in items: item.add_marker(pytest.mark.xfail)\n"
        },
    )
    yield Lie(
        kind,
        "a test swallows the verdict on a configured job",
        ("test_one.py",),
        platform=GOOD_BAD,
        env={"KORE_DS_ID": "ds-bad"},
        files={
            "test_one.py": "def test_one(kore_wait_for_import):\n    try:\n"
            "        kore_wait_for_import('ds-bad')\n    except BaseException:\n        pass\n"
        },
    )
    yield Lie(
        kind,
        "a lint is green, the import is skipped as unconfigured",
        ("--kore-unconfigured=skip", "--kore-json=r.json", SUITE),
        files=FILES,
        **NO_ACCOUNT,
        red=False,
        written={"r.json": (r'"not_evaluated": \[\s*\{',)},
        says=("[Nn]ot configured|skipped",),
    )
    yield Lie(
        kind,
        "the gate is told to skip what is not configured",
        ("--kore-gate", "--kore-unconfigured=skip"),
        **NO_ACCOUNT,
    )
    yield Lie(kind, "no job is given to the gate", GATE)
    yield Lie(kind, "no test is collected", ("--kore-gate", "-k", "nothing", "--kore-ds-id=ds-good"))
    for name in ("SIGTERM", "SIGINT"):
        yield Lie(
            kind,
            f"{name} in the middle of a wait",
            (*_gate("ds-slow"), "--junitxml=j.xml", "--kore-json=r.json"),
            platform={"jobs": {"ds-slow": "IN_PROGRESS"}},
            stopped_by=name,
            written={"j.xml": (r'errors="[1-9]', "<error"), "r.json": ("ds-slow", "IN_PROGRESS")},
            says=("IN_PROGRESS", "--kore-ds-id[ =].*ds-slow"),
        )


def another_runs_result() -> Iterator[Lie]:
    """A result of which nobody can say that it is this run's."""
    kind = "A result of something else"

    def lie(name: str, bend: Callable[[Any], object], *says: str, red: bool = True) -> Lie:
        return Lie(kind, name, (*RUN, SUITE), files=FILES, platform={"bend_run": bend}, says=says, red=red)

    yield lie(
        "asked for the version in development, told the published one",
        lambda said: said["result"].update(version="published"),
        "run-of-another-version",
    )
    yield Lie(
        kind,
        "asked for the published version, told the one in development",
        ("--kore-run", "published", SUITE),
        files=FILES,
        says=("run-of-another-version",),
    )
    yield lie(
        "told a version that nobody knows",
        lambda said: said["result"].update(version="staging"),
        "unknown-version",
        red=False,
    )
    yield lie("another run's id", lambda said: said.update(_id="ctr-99999999"))
    yield lie("the expected text is not the one that was stored", _expect_what_was_said, "other-expectations")
    yield lie(
        "an expected reply is missing", lambda said: said["result"]["executionResults"][1].update(outputs=[])
    )
    yield lie("the results are those of another suite", _rename_inputs)


def _expect_what_was_said(said: Any) -> None:
    step = said["result"]["executionResults"][1]
    output = {"text": "Sorry?", "nodeId": "", "assertions": checks("Sorry?", "passed")}
    step["outputs"], step["actualOutput"] = [output], [json.loads(json.dumps(output))]


def _rename_inputs(said: Any) -> None:
    for step in said["result"]["executionResults"]:
        step["input"] = f"another {step['input']}"


def nothing_verified() -> Iterator[Lie]:
    """A pass that verified nothing."""
    kind = "A pass that verified nothing"

    def lie(name: str, bend: Callable[[Any], object], *says: str, red: bool = True) -> Lie:
        return Lie(kind, name, (*RUN, SUITE), files=FILES, platform={"bend_run": bend}, says=says, red=red)

    yield lie("all assertions of the run are switched off", lambda said: _each_block(said, enabled=False))
    yield lie("no assertion was judged", lambda said: _each_block(said, status=""))
    yield lie("assertions have a status that nobody knows", lambda said: _each_block(said, status="maybe"))
    yield lie("a failed assertion in a step that passed", lambda said: _each_block(said, status="failed"))
    yield lie("the bot said nothing", lambda said: _each_step(said, actualOutput=[]))
    yield lie("there is no actualOutput at all", lambda said: _each_step(said, actualOutput=None))
    yield lie("no outputs", lambda said: _each_step(said, outputs=[]))
    yield lie(
        "a failed step in a run that passed",
        lambda said: said["result"]["executionResults"][2].update(status="failed"),
    )
    yield lie("counts that do not add up", lambda said: said["result"]["stepDetails"].update(passed=2))
    yield lie("counts of nothing", lambda said: said["result"]["stepDetails"].update(passed=0, total=0))
    yield lie("a step is not reported", lambda said: said["result"]["executionResults"].pop())
    yield lie("one step is reported twice, another not at all", _report_twice)
    yield lie("the run passed, its result says failed", lambda said: said["result"].update(status="failed"))


def _each_step(said: Any, **values: Any) -> None:
    for step in said["result"]["executionResults"]:
        step.update(values)


def _each_block(said: Any, **values: Any) -> None:
    for step in said["result"]["executionResults"]:
        for output in (*step["outputs"], *step["actualOutput"]):
            block = output["assertions"]["text"]
            block.update(values)
            if "status" in values:
                for entry in block["contains"]:
                    entry.update(values)


def _report_twice(said: Any) -> None:
    steps = said["result"]["executionResults"]
    steps[2] = json.loads(json.dumps(steps[1]))


def lost_assertions() -> Iterator[Lie]:
    """A stored suite that checks less than the file."""
    kind = "A stored suite that checks less"

    def lie(name: str, bend: Callable[[Any], object], *says: str, red: bool = True) -> Lie:
        def bend_reply(said: Any) -> None:
            bend(said["response"]["testSteps"])

        return Lie(
            kind, name, (SUITE,), files=FILES, platform={"bend_import": bend_reply}, says=says, red=red
        )

    yield lie("a text assertion is switched off, flow stays on", _only_flow)
    yield lie("a text assertion is emptied", lambda steps: _block(steps, 1).update(contains=[]))
    yield lie("a text assertion is replaced", lambda steps: _block(steps, 1).update(contains=[{"text": "x"}]))
    yield lie(
        "a text assertion compares with blanks",
        lambda steps: _block(steps, 1).update(contains=[{"text": " "}]),
    )
    yield lie(
        "a text assertion compares with null",
        lambda steps: _block(steps, 1).update(contains=[{"text": None}]),
    )
    yield lie(
        "an assertions block that nobody understands",
        lambda steps: steps[1]["outputs"][0].update(assertions={"script": {"enabled": True}}),
    )
    yield lie("assertions that are a list", lambda steps: steps[1]["outputs"][0].update(assertions=[1]))
    yield lie("a reply is missing", lambda steps: steps[1].update(outputs=[]))
    yield lie("a step is missing", lambda steps: steps.pop())
    yield lie("nothing is asserted in any step", _assert_nothing)
    yield Lie(
        kind,
        "a file whose steps expect nothing",
        ("-k", "lint", SUITE),
        files={SUITE: suite_file(texts=tuple((said, "") for said, _ in TEXTS))},
        **NO_ACCOUNT,
    )
    empty = json.loads(suite_file())
    empty["testCases"][0]["messages"][1]["outputs"] = []
    yield Lie(
        kind,
        "a file of which one step has no outputs, and assertions are required",
        ("-k", "lint", "--kore-require-assertions", SUITE),
        files={SUITE: json.dumps(empty)},
        **NO_ACCOUNT,
        says=("step-without-assertion",),
    )


def _block(steps: Any, number: int) -> Any:
    return steps[number]["outputs"][0]["assertions"]["text"]


def _only_flow(steps: Any) -> None:
    assertions = steps[1]["outputs"][0]["assertions"]
    assertions["text"]["enabled"] = False
    assertions["flowLevel"] = {"enabled": True, "contains": [{"nodeId": "AskDay"}]}


def _assert_nothing(steps: Any) -> None:
    for number in range(len(steps)):
        _block(steps, number)["enabled"] = False


def counted_once() -> Iterator[Lie]:
    """One wrong thing is one failure."""
    kind = "One failure, counted once"

    def fail_one(said: Any) -> None:
        step = said["result"]["executionResults"][1]
        step["status"] = said["status"] = said["result"]["status"] = "failed"
        for output in (*step["outputs"], *step["actualOutput"]):
            output["assertions"]["text"]["status"] = "failed"
            output["assertions"]["text"]["contains"][0]["status"] = "failed"
        step["actualOutput"][0]["text"] = "Sorry?"
        said["result"]["stepDetails"].update(passed=2, failed=1)

    yield Lie(
        kind,
        "one step of a run is wrong",
        (*RUN, SUITE),
        files=FILES,
        platform={"bend_run": fail_one},
        says=(r"\b1 failed",),
    )
    yield Lie(
        kind,
        "the same, and the steps are not selected",
        (*RUN, "-k", "run", SUITE),
        files=FILES,
        platform={"bend_run": fail_one},
        says=(r"\b1 failed",),
    )
    yield Lie(
        kind,
        "lint is told once under --tb=line",
        ("--tb=line", "-k", "lint", "bad.kore.json"),
        files={"bad.kore.json": "{}"},
        **NO_ACCOUNT,
        never=(r"(?s)testCases.*testCases.*testCases",),
    )


COMMANDS = (
    "::add-mask::x",
    "::error file=x::y",
    "##[error]x",
    "##vso[task.complete result=Succeeded;]x",
    "##teamcity[buildStatus status='SUCCESS']",
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\u202egreen",
    "section_start:0:x\r\x1b[0Kx",
    "\nkore: 9 suites imported and valid",
)
"""What a CI server, a terminal or a reader would obey or believe."""

OBEYED = (
    rf"{LINE_START}::(?:add-mask|error|stop-commands|set-output)",
    r"##\[",
    r"##vso\[",
    r"##teamcity\[",
    "[\x1b\x9b\x07]",
    "\u202e",
    "^section_start:",
    "^kore: 9 suites",
)


def foreign_text() -> Iterator[Lie]:
    """Text from elsewhere that would be obeyed."""
    kind = "Text that would be obeyed"
    nasty = "\n".join(COMMANDS)

    def log(said: Any) -> None:
        said["statusLogs"] = [*COMMANDS, nasty, {"comments": nasty, "status": "FAILED"}]

    yield Lie(
        kind,
        "commands in the platform's status log",
        ("-rA", *_gate("ds-bad")),
        never=OBEYED,
        platform={**GOOD_BAD, "bend_import": log},
    )
    yield Lie(
        kind,
        "commands in an error of the platform",
        ("-rA", *_gate("ds-good")),
        never=OBEYED,
        platform={"replies": {"status": (400, {"errors": [{"msg": nasty, "code": 400}]})}},
    )
    yield Lie(
        kind,
        "commands in a status word",
        _gate("ds-good"),
        never=OBEYED,
        env={"KORE_TIMEOUT": "1"},
        platform={"jobs": {"ds-good": nasty}},
    )
    yield Lie(
        kind,
        "commands in a suite's name",
        ("-rA", "-k", "lint", SUITE),
        never=OBEYED,
        red=False,
        files={SUITE: suite_file(name="a" + nasty)},
        **NO_ACCOUNT,
    )
    yield Lie(
        kind,
        "the same from standard options: --collect-only",
        ("--co", "-q", SUITE),
        never=OBEYED,
        red=False,
        files={SUITE: suite_file(name="a" + nasty)},
        **NO_ACCOUNT,
    )
    said = tuple((nasty if number else "Start_Flow", text) for number, (_, text) in enumerate(TEXTS))
    yield Lie(
        kind,
        "commands in a step's input, which is empty otherwise",
        ("-rA", "-k", "lint", SUITE),
        never=OBEYED,
        files={SUITE: suite_file(texts=said)},
        **NO_ACCOUNT,
        red=False,
    )

    def answer(said: Any) -> None:
        step = said["result"]["executionResults"][1]
        step["actualOutput"][0]["text"] = nasty
        step["status"] = said["status"] = said["result"]["status"] = "failed"
        step["outputs"][0]["assertions"]["text"]["status"] = "failed"
        said["result"]["stepDetails"].update(passed=2, failed=1)

    yield Lie(
        kind,
        "commands in a reply of the bot",
        ("-rA", "--kore-markdown=r.md", *RUN, SUITE),
        never=OBEYED,
        files=FILES,
        platform={"bend_run": answer},
    )
    yield Lie(
        kind,
        "commands in a file that is not JSON",
        ("-rA", SUITE),
        never=OBEYED,
        files={SUITE: '{"testCases": ' + nasty},
        **NO_ACCOUNT,
    )
    yield Lie(
        kind,
        "commands in an unknown key of a file",
        ("-rA", "-k", "lint", SUITE),
        never=OBEYED,
        red=False,
        files={SUITE: suite_file(**{nasty: 1})},
        **NO_ACCOUNT,
    )


def unbounded_work() -> Iterator[Lie]:
    """Input that would cost more than its size."""
    kind = "Work without bound"

    def weak(said: Any) -> None:
        one = {"input": "x", "outputs": []}
        said["response"]["testSteps"] += [one] * 40_000

    yield Lie(
        kind,
        "40,000 steps that assert nothing",
        _gate("ds-good"),
        platform={"bend_import": weak},
        red=False,
        never=(r"step 39000\b",),
    )
    yield Lie(
        kind,
        "200,000 status logs",
        _gate("ds-good"),
        red=False,
        platform={"bend_import": lambda said: said.update(statusLogs=[{"comments": "x"}] * 200_000)},
    )
    yield Lie(
        kind,
        "a failure whose log is 300 kB of what a token begins with",
        _gate("ds-bad"),
        platform={**GOOD_BAD, "bend_import": lambda said: said.update(statusLogs=["eyJ" * 100_000])},
    )
    texts = (*TEXTS[:2], ("x", "eyJ" * 100_000))
    yield Lie(
        kind,
        "a suite file with 300 kB of what a token begins with",
        ("-k", "lint", SUITE),
        red=False,
        files={SUITE: suite_file(texts=texts)},
        **NO_ACCOUNT,
    )
    yield Lie(
        kind,
        "sockets are forbidden to this process",
        ("--disable-socket", *_gate("ds-good")),
        says=("allow-hosts",),
    )


def shared_names() -> Iterator[Lie]:
    """Two things under one name."""
    kind = "Two things under one name"
    yield Lie(
        kind,
        "a file and its copy",
        ("a.kore.json", "b.kore.json", "-k", "import"),
        red=False,
        files={"a.kore.json": suite_file(), "b.kore.json": suite_file()},
        calls={"upload": 2, "import": 2},
    )
    yield Lie(
        kind,
        "one suite twice in a file",
        (SUITE, "-k", "import"),
        files={SUITE: suite_file(count=2)},
        red=False,
        calls={"upload": 2},
    )


def secrets_in_the_wrong_place() -> Iterator[Lie]:
    """A secret where another value belongs: it is described, never repeated."""
    kind = "A secret in the wrong place"
    swapped = f"{SECRET}/+="
    never = (SECRET[7:],)
    for name in ("KORE_CLIENT_ID", "KORE_STREAM_ID", "KORE_DS_ID", "KORE_USER_EMAIL", "KORE_TARGET"):
        yield Lie(kind, f"in {name}", GATE, env={name: swapped}, never=never, codes=(1, 4))
    for name in ("KORE_CLIENT_SECRET_FILE", "KORE_JWT_FILE"):
        yield Lie(
            kind,
            f"in {name}",
            _gate("ds-good"),
            never=never,
            env={name: swapped, "KORE_CLIENT_SECRET": "", "KORE_JWT": ""},
        )
    for form in (
        "https://me:{}@bots.kore.ai",
        "https://bots.kore.ai/?key={}",
        "https://bots.kore.ai/#{}",
        "https://{}/",
        "ftp://{}",
    ):
        yield Lie(
            kind,
            f"in KORE_HOST: {form.format('SECRET')}",
            _gate("ds-good"),
            never=never,
            env={"KORE_HOST": form.format(SECRET)},
        )
    yield Lie(
        kind,
        "in a file, and the platform says it back",
        ("-rA", *_gate("ds-bad"), "--kore-json=r.json"),
        files={"secret.txt": "another-canary-0123456789"},
        never=("another-canary-0123456789",),
        env={"KORE_CLIENT_SECRET_FILE": "secret.txt", "KORE_CLIENT_SECRET": ""},
        platform={
            **GOOD_BAD,
            "bend_import": lambda said: said.update(statusLogs=["you sent another-canary-0123456789"]),
        },
    )


def ends_of_a_wait() -> Iterator[Lie]:
    """A wait that ends without its story."""
    kind = "A wait that ends without its story"

    def refuse(status: int, text: str) -> dict[str, Any]:
        return {"jobs": {"ds-slow": "IN_PROGRESS"}, "bend_import": _after(2, (status, text))}

    for status, text in ((401, "Invalid JWT token"), (403, "Forbidden"), (400, "Invalid request ID")):
        yield Lie(
            kind,
            f"HTTP {status} in the middle",
            _gate("ds-slow"),
            platform=refuse(status, text),
            says=("IN_PROGRESS", "40", "--kore-ds-id[ =].*ds-slow"),
            codes=(1,),
        )
    yield Lie(
        kind,
        "the time is over",
        _gate("ds-slow"),
        platform={"jobs": {"ds-slow": "IN_PROGRESS"}},
        env={"KORE_TIMEOUT": "1"},
        says=("IN_PROGRESS", "--kore-ds-id[ =].*ds-slow"),
    )
    yield Lie(
        kind,
        "nothing changes",
        _gate("ds-slow"),
        platform={"jobs": {"ds-slow": "IN_PROGRESS"}},
        env={"KORE_STALL_TIMEOUT": "1"},
        says=("IN_PROGRESS", "--kore-ds-id[ =].*ds-slow"),
    )
    yield Lie(
        kind,
        "a word of the platform is quoted as it was sent",
        _gate("ds-slow"),
        platform={"jobs": {"ds-slow": "Not-Started"}},
        env={"KORE_TIMEOUT": "1"},
        says=("Not-Started",),
    )


def _after(count: int, refusal: tuple[int, str]) -> Callable[[Any], None]:
    left = [count]

    def bend(said: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            said["HTTP"] = (refusal[0], {"errors": [{"msg": refusal[1], "code": 4002}]})

    return bend


def files() -> Iterator[Lie]:
    """Reports that would overwrite something."""
    kind = "Files that would be overwritten"
    for args in (
        ("--kore-json=r.x", "--kore-html=r.x"),
        ("--kore-json=r.x", "--kore-markdown=./r.x"),
        ("--kore-json=r.x", "--junitxml=r.x"),
        (f"--kore-json={SUITE}", SUITE),
        ("--kore-json=pytest.ini",),
    ):
        yield Lie(
            kind, " ".join(args), (*args, *_gate("ds-good")), files=FILES, codes=(4,), calls={"status": 0}
        )


def other_plugins() -> Iterator[Lie]:
    """Somebody else's world."""
    kind = "Other plugins' worlds"
    foreign = (
        "import pytest\nclass Item(pytest.Item):\n    job = suite = twin = number = module_node = 'x'\n"
        "    kore_notes = 1\n    def runtest(self): pass\n"
        "def pytest_collect_file(file_path, parent):\n"
        "    if file_path.suffix == '.foreign': return File.from_parent(parent, path=file_path)\n"
        "class File(pytest.File):\n    def collect(self): yield Item.from_parent(self, name='x')\n"
    )
    yield Lie(
        kind,
        "a foreign item with attributes that are named as ours",
        ("x.foreign", "test_plain.py"),
        files={"conftest.py": foreign, "x.foreign": "", "test_plain.py": PLAIN},
        red=False,
    )
    yield Lie(
        kind,
        "the same beside a suite",
        ("x.foreign", SUITE),
        files={"conftest.py": foreign, "x.foreign": "", **FILES},
        red=False,
    )
    yield Lie(
        kind,
        "a job is configured, only other tests are selected",
        ("test_plain.py",),
        red=False,
        files={"test_plain.py": PLAIN},
        env={"KORE_DS_ID": "ds-bad"},
        platform=GOOD_BAD,
        calls={"status": 0},
    )
