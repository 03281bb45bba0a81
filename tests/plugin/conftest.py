"""A test run inside a test: a clean environment, the emulator, and a short way to start pytest."""

from __future__ import annotations

import ast
import os
import pkgutil
import re
import time
from functools import lru_cache
from importlib import import_module, metadata
from xml.etree import ElementTree as ET

import filelock  # noqa: F401 - a run that loads it forgets it, see below
import pytest
from execnet import gateway_io
from fork_server import ForkedWorker, run_module

import pytest_kore_convtest
from pytest_kore_convtest.emulator import Emulator

# A run in this process forgets, when it ends, the modules that it loaded. Half of a
# package must not be forgotten, so all of it is here before.
for found in pkgutil.walk_packages(pytest_kore_convtest.__path__, "pytest_kore_convtest."):
    if not found.name.endswith("__main__"):
        import_module(found.name)

CI_NAMES = (
    "CI",
    "BUILD_NUMBER",
    "BUILD_BUILDID",
    "CI_PIPELINE_ID",
    "CIRCLE_WORKFLOW_ID",
    "GITHUB_RUN_ID",
    "GITHUB_ACTIONS",
)
FROM_A_TRACEBACK = "source"
"""What pytest calls the source that it parses for each entry of each traceback."""

EMULATED = "kore: built-in emulator; no real platform was contacted"
SCRUBBED = ("KORE_", "PYTEST_", "COV_", "COVERAGE_", "XDIST_")


@pytest.fixture(autouse=True)
def _scrubbed(monkeypatch):
    """Leave nothing of the outer run's environment to the inner one."""
    for name in os.environ:
        if (name.startswith(SCRUBBED) and name != "PYTEST_CURRENT_TEST") or name in CI_NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "200")


_parse, _parse_once = ast.parse, lru_cache(64)(ast.parse)


def _parse_for_tracebacks_once(source, filename="<unknown>", *args, **more):
    parse = _parse_once if filename == FROM_A_TRACEBACK else _parse
    return parse(source, filename, *args, **more)


_INSTALLED = list(metadata.distributions())


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Let runs in this process look up once what stays the same, and fork their workers off.

    What starts pytest anew in a process of its own starts its workers as everywhere.
    """
    monkeypatch.setattr(metadata, "distributions", lambda: _INSTALLED)
    monkeypatch.setattr(ast, "parse", _parse_for_tracebacks_once)
    monkeypatch.setattr(gateway_io, "Popen2IOMaster", ForkedWorker)


@pytest.fixture
def emulator():
    """Give an emulator that nobody is told of."""
    with Emulator() as started:
        yield started


@pytest.fixture
def account(emulator, monkeypatch):
    """Put the emulator's account into the environment, with tiny pauses; give the emulator."""
    names = {
        "HOST": emulator.url,
        "STREAM_ID": emulator.stream_id,
        "CLIENT_ID": emulator.client_id,
        "CLIENT_SECRET": emulator.client_secret,
        "USER_EMAIL": emulator.user_email,
        "POLL_INTERVAL": "0.01",
        "MAX_POLL_INTERVAL": "0.01",
        "RATE_LIMIT": "off",
    }
    for name, value in names.items():
        monkeypatch.setenv(f"KORE_{name}", value)
    return emulator


@pytest.fixture(params=[(), ("-p", "xdist", "-n", "2")], ids=["plain", "xdist"])
def plugin_args(request):
    """Run the test twice: in one process, and under xdist with two workers."""
    return request.param


class Result:
    """What an inner run said.

    Args:
        result: pytester's own result.
    """

    def __init__(self, result):
        self.code, self.lines = int(result.ret), result.outlines
        self.text = "\n".join([*result.outlines, *result.errlines])
        self.parseoutcomes, self.matches = result.parseoutcomes, result.stdout.fnmatch_lines

    @property
    def counts(self):
        """How many items passed, failed and so on; empty when the last line tells no numbers."""
        try:
            found = self.parseoutcomes()
        except ValueError:
            return {}
        return {word: number for word, number in found.items() if word not in {"warnings", "warning"}}

    @property
    def last_lines(self):
        """The lines of ours at the very end."""
        lines, found = [line for line in self.lines if line.strip()], []
        while lines and lines[-1].startswith("kore: "):
            found.insert(0, lines.pop())
        return found

    @property
    def closing(self):
        """The same without the one that tells of the emulator, which nearly all tests here use."""
        return [line for line in self.last_lines if not line.startswith(EMULATED)]

    @property
    def emulated(self):
        """Whether the lines at the very end tell of the emulator."""
        return any(line.startswith(EMULATED) for line in self.last_lines)

    @property
    def reasons(self):
        """The lines of the short summary."""
        return [line for line in self.lines if re.match("(FAILED|ERROR|SKIPPED|XFAIL|XPASS) ", line)]


@pytest.fixture
def run(pytester):
    """Start pytest with this plugin and no other, in this process or in one of its own.

    ``apart`` is a process that was forked off, ``fresh`` is one that has loaded nothing before.
    """

    def start(*args, apart=False, fresh=False):
        command = ("-p", "pytest_kore_convtest", *map(str, args))
        if apart:
            began = time.monotonic()
            code, *texts = run_module("pytest", *command, cwd=pytester.path)
            lines = map(str.splitlines, texts)
            return Result(pytest.RunResult(code, *lines, time.monotonic() - began))
        starter = pytester.runpytest_subprocess if fresh else pytester.runpytest_inprocess
        return Result(starter(*command))

    return start


@pytest.fixture
def gate(run):
    """Run the gate for some jobs."""

    def start(*args, jobs=("ds-demo",)):
        return run("--kore-gate", *(f"--kore-ds-id={job}" for job in jobs), *args)

    return start


@pytest.fixture
def polls(emulator):
    """Return the HTTP statuses of all answers to status requests, or to those about one job."""

    def look(ds_id=""):
        return [one.status for one in emulator.requests if one.method == "GET" and f"/{ds_id}" in one.path]

    return look


@pytest.fixture
def junit(pytester):
    """Read what ``--junitxml=junit.xml`` wrote: the suite's properties, and the cases by name."""

    def read():
        suite = ET.parse(pytester.path / "junit.xml").getroot()[0]  # noqa: S314 - our own file
        cases = {case.get("name"): case for case in suite.iter("testcase")}
        return properties(suite), cases

    return read


def properties(element):
    """Return the properties that stand directly in a JUnit element."""
    return {one.get("name"): one.get("value") for one in element.findall("properties/property")}
