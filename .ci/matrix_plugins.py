"""Run a small project beside each plugin of a list, and say whether anything is different from going without.

Each plugin is installed alone, into an environment of its own that lies over a common one. The
same two suites and two tests are run, with one step that fails, against the emulator. The
verdict of every node id and the exit code have to be those of a run without the plugin, and
the emulator's journal has to hold one upload, one import and one run of each suite.
Names after it choose rows; ``--write`` puts the table into ``docs/compatibility.md``.
"""

# ruff: noqa: INP001, S603, T201 - a script that starts our own tools and prints what it finds

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from plugin_rows import ROWS, RUN, Row

from pytest_kore_convtest.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".venv-matrix" / "plugins"
PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- plugins: begin -->\n", "<!-- plugins: end -->"
PLUGIN = "pytest-kore-convtest"
LIMIT = 300
"""Seconds that one run may take."""

TAIL = 30
SUITES = {
    "booking.kore.json": """{"testCases": [{"name": "BOOKING", "messages": [
  {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hi! How can I help?"}]},
  {"input": "I need a room", "outputs": [{"contains": "Which city?"}]},
  {"input": "Berlin", "outputs": [{"contains": "How many nights?"}]}
]}]}
""",
    "visits.kore.yaml": """suites:
  - name: VISITS
    steps:
      - event: Start_Flow
        bot: Hi! How can I help?
      - user: When are you open?
        bot: From nine to five.
""",
}
BOT = {"I need a room": ["Which planet?"]}
PLAIN = """def test_one():
    assert True


def test_two():
    assert True
"""
WATCH = '''"""Write down which plugins are at work, and what pytest reports of each item."""

import json
import os


def _write(*facts):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
            file.write(json.dumps(facts) + "\\n")


def pytest_sessionstart(session):
    found = session.config.pluginmanager.list_plugin_distinfo()
    _write("plugins", sorted({dist.project_name for _, dist in found}))


def pytest_runtest_logreport(report):
    _write("report", report.nodeid, report.when, report.outcome)
'''
ENDS = {"uploadfile": "upload", "import": "import", "run": "run"}


class Seen(NamedTuple):
    """What one run came to."""

    code: int
    verdicts: dict[str, str]
    plugins: list[str]
    counts: Counter[str]
    names: list[str]
    missing: list[str]
    output: str


class Result(NamedTuple):
    """What is said of a row: its version, what is wrong with it, and what it printed."""

    row: Row
    version: str
    problems: list[str]
    output: str = ""


def bin_of(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_common() -> Path:
    """Make the environment that all rows have in common: this package and what it needs."""
    folder = HOME / "common"
    if not bin_of(folder).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install(folder, "-c", "constraints.txt", "-e", ".[all]")
    return folder


def make_environment(row: Row, common: Path) -> Path:
    """Make the environment of a row: the common one, and over it the plugin with what it needs."""
    if not row.package:
        return common
    folder = HOME / row.package
    if not bin_of(folder).exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    below, own = (
        ask(one, "import sysconfig; print(sysconfig.get_path('purelib'))") for one in (common, folder)
    )
    # As a statement: the folder's own .pth files, that of the package under test among them, count as well.
    Path(own, "common.pth").write_text(f"import site; site.addsitedir({below!r})\n", encoding="utf-8")
    install(common, "-c", "constraints-plugins.txt", row.package, *row.needs, into=folder)
    return folder


def install(folder: Path, *what: str, into: Path | None = None) -> None:
    """Install with the pip of one environment, into it or into another one."""
    command = [str(bin_of(folder)), "-m", "pip", *(["--python", str(bin_of(into))] if into else [])]
    command += ["install", "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"cannot be installed: {done.stderr.strip()[-500:]}")


def ask(folder: Path, code: str) -> str:
    """Return what an environment's Python prints."""
    command = [str(bin_of(folder)), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run(python: Path, row: Row, machine: tuple[str, ...]) -> Seen:
    """Run the project once, in a folder and against an emulator of its own."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as name, Emulator(bot=BOT, job_polls=1) as emulator:
        folder, watched = Path(name, "project"), Path(name, "watched")
        folder.mkdir()
        files = {
            "pytest.ini": "[pytest]\n",
            "conftest.py": WATCH,
            "test_plain.py": PLAIN,
            **SUITES,
            **row.files,
        }
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        env = make_variables(emulator, row) | {"WATCHED": str(watched)}
        command = [str(python), *row.python, "-m", "pytest", *row.args, *machine]
        done = subprocess.run(
            command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace", timeout=LIMIT, check=False,
        )  # fmt: skip
        lines = watched.read_text(encoding="utf-8").splitlines() if watched.exists() else []
        facts = [json.loads(line) for line in lines]
        writes = [
            (one.path.rpartition("/")[2], one.json) for one in emulator.requests if one.method == "POST"
        ]
        return Seen(
            done.returncode,
            read_verdicts([fact[1:] for fact in facts if fact[0] == "report"]),
            next((fact[1] for fact in facts if fact[0] == "plugins"), []),
            Counter(ENDS.get(end, end) for end, _ in writes),
            [str(body["name"]) for end, body in writes if end == "import"],
            [leaf for leaf in row.leaves if not (folder / leaf).exists()],
            done.stdout,
        )


def make_variables(emulator: Emulator, row: Row) -> dict[str, str]:
    """Return the environment of a run: the emulator's account, and nothing of a CI build but its number."""
    foreign = ("KORE_", "PYTEST_", "COV_", "GITHUB_", "PYTHONPATH", "VIRTUAL_ENV")
    env = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    names = ("host", "stream_id", "client_id", "client_secret", "user_email")
    account = {name: emulator.url if name == "host" else getattr(emulator, name) for name in names}
    env |= {f"KORE_{name.upper()}": value for name, value in account.items()}
    env |= {"KORE_POLL_INTERVAL": "0.05", "KORE_MAX_POLL_INTERVAL": "0.05", "KORE_RATE_LIMIT": "off"}
    if not any("KORE_RUN" in text for text in row.files.values()):
        env["KORE_RUN"] = RUN
    return env | {"BUILD_NUMBER": "7", "COLUMNS": "120"} | row.environment


def read_verdicts(reports: list[list[str]]) -> dict[str, str]:
    """Return the verdict of each node id: of an attempt that is repeated, the last one counts."""
    verdicts: dict[str, str] = {}
    for nodeid, when, outcome in reports:
        if when == "setup":
            verdicts[nodeid] = {"passed": "", "failed": "error"}.get(outcome, outcome)
        elif when == "call":
            verdicts[nodeid] = outcome
        elif outcome == "failed":
            verdicts[nodeid] = "error"
    return verdicts


def compare(row: Row, seen: list[Seen], plain: Seen) -> list[str]:
    """Return what differs from going without; nothing when it is the same."""
    problems = []
    verdicts: dict[str, str] = {}
    for one in seen:
        verdicts |= one.verdicts
        if row.package and row.package not in [name.replace("_", "-") for name in one.plugins]:
            problems.append(f"{row.package} is not at work: {one.plugins}")
        if PLUGIN not in one.plugins:
            problems.append(f"{PLUGIN} is not at work: {one.plugins}")
        problems += [f"{leaf} was not written" for leaf in one.missing]
        problems += compare_jobs(one)
        missing = set(plain.verdicts) - set(one.verdicts)
        if any("::step " in nodeid for nodeid in missing if suites_of([nodeid]) & suites_of(one.verdicts)):
            problems += (
                [] if "deselected here" in one.output else ["the closing line tells of no missing steps"]
            )
    if "--count=2" in row.args:
        verdicts = {
            nodeid.removesuffix("[1-2]"): word for nodeid, word in verdicts.items() if "[2-2]" not in nodeid
        }
    for nodeid, word in plain.verdicts.items():
        if verdicts.get(nodeid) != word and not (len(seen) > 1 and tells_of_others(nodeid, seen, plain)):
            problems.append(f"{nodeid}: {verdicts.get(nodeid, 'is missing')} instead of {word}")
    more = {nodeid: word for nodeid, word in verdicts.items() if nodeid not in plain.verdicts}
    problems += [f"{nodeid}: {word}" for nodeid, word in more.items() if word != "passed"]
    if "test_more.py" in row.files and not more:
        problems.append("the plugin's own test was not run")
    names = [name for one in seen for name in one.names]
    problems += [f"stored twice: {name}" for name, times in Counter(names).items() if times > 1]
    return problems + compare_codes(seen, plain)


def tells_of_others(nodeid: str, seen: list[Seen], plain: Seen) -> bool:
    """Say whether a suite's ``run`` is red for a step that another machine has, so that it is not lost."""
    suite = nodeid.removesuffix("::run")
    bad = {other for other, word in plain.verdicts.items() if word == "failed" and other.startswith(suite)}
    here = next(one for one in seen if nodeid in one.verdicts)
    return suite != nodeid and here.verdicts[nodeid] == "failed" and bool(bad - set(here.verdicts))


def suites_of(nodeids: Iterable[str]) -> set[str]:
    """Return the suite files that node ids are of."""
    return {nodeid.partition("::")[0] for nodeid in nodeids} & set(SUITES)


def compare_jobs(one: Seen) -> list[str]:
    """Say which job did not happen exactly once for each suite of which items were run."""
    suites = len(suites_of(nodeid for nodeid in one.verdicts if not nodeid.endswith("::lint")))
    wanted = {"upload": suites, "import": suites, "run": suites}
    return [f"{one.counts[job]} x {job} for {suites} suites" for job in wanted if one.counts[job] != suites]


def compare_codes(seen: list[Seen], plain: Seen) -> list[str]:
    """Say whose exit code is another: a machine that has a part of the failing suite is red."""
    bad = suites_of(nodeid for nodeid, word in plain.verdicts.items() if word == "failed")
    wanted = [plain.code if suites_of(one.verdicts) & bad else 0 for one in seen]
    return [
        f"exit code {one.code} instead of {code}"
        for one, code in zip(seen, wanted, strict=True)
        if one.code != code
    ]


def try_row(row: Row, common: Path, plain: Seen) -> Result:
    """Install and run a row; say what differs."""
    try:
        folder = make_environment(row, common)
        seen = [run(bin_of(folder), row, machine) for machine in row.machines]
    except (OSError, subprocess.SubprocessError) as bad:
        return Result(row, "", [str(bad)])
    version = ask(
        folder, f"from importlib.metadata import version; print(version({row.package or 'pytest'!r}))"
    )
    return Result(row, version, compare(row, seen, plain), "\n".join(one.output for one in seen))


def spell(row: Row) -> str:
    """Write a row's arguments as they are typed."""
    machines = " / ".join(" ".join(machine) for machine in row.machines)
    return " ".join(filter(None, [*(f"python {word}" for word in row.python), *row.args, machines]))


def make_table(results: list[Result]) -> str:
    """Write the table in Markdown."""
    lines = ["| Beside | Version | Options | Verdicts, exit code and jobs |", "| --- | --- | --- | --- |"]
    for row, version, problems, _ in results:
        options = f"`{spell(row)}`" if spell(row) else ""
        said = f"differ: {problems[0]}" if problems else "the same"
        said += f" ({row.why})" if row.why else ""
        lines.append(f"| {row.name} | {version} | {options} | {said} |")
    return "\n".join(lines) + "\n"


def write_page(results: list[Result]) -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{make_table(results)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main() -> int:
    """Try all rows, or those that are named; return how many differ."""
    names = [arg for arg in sys.argv[1:] if not arg.startswith("-")]
    rows = [row for row in ROWS if not names or {row.name, row.package, *row.args} & set(names)]
    HOME.mkdir(parents=True, exist_ok=True)
    common = make_common()
    plain = run(bin_of(common), Row("nothing"), ())
    if (
        Counter(plain.verdicts.values()) != Counter(passed=14, failed=1)
        or compare_jobs(plain)
        or plain.code != 1
    ):
        print(f"without any plugin: not what it has to be: {plain}")
        return 1
    results = []
    for row in rows:
        result = try_row(row, common, plain)
        results.append(result)
        print(
            f"{row.name} {result.version}, {spell(row)}: {'; '.join(result.problems) or 'the same'}",
            flush=True,
        )
        if result.problems and "--show" in sys.argv:
            print("\n".join(result.output.splitlines()[-TAIL:]))
    if "--write" in sys.argv[1:] and not names:
        write_page(results)
    return sum(bool(result.problems) for result in results) or int(not results)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
