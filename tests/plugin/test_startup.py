"""What the plugin loads when nobody uses it: nothing heavy."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = (
    "requests",
    "urllib3",
    "pydantic",
    "jwt",
    "jinja2",
    "werkzeug",
    "rich",
    "ssl",
    "http.client",
)

NOTE_MODULES = """
import json, pathlib, sys

def pytest_unconfigure():
    pathlib.Path("modules.json").write_text(json.dumps(sorted(sys.modules)))
"""

INI_KEYS = """
kore_host = https://bots.kore.ai
kore_stream_id = st-00000000-0000-0000-0000-000000000000
kore_timeout = 600
"""


SUITE = '{"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}'


def loaded_modules(folder, *arguments, ini="", autoload=False, suite=""):
    """Run pytest on one empty test in a process of its own; return the modules it ended with."""
    folder.mkdir()
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}")
    (folder / "conftest.py").write_text(NOTE_MODULES)
    (folder / "test_empty.py").write_text("def test_empty(): pass\n")
    if suite:
        (folder / "a.kore.json").write_text(suite)
    names = ("KORE_", "PYTEST_", "COV_", "COVERAGE_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    if not autoload:
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(json.loads((folder / "modules.json").read_text()))


def heavy(modules):
    """Return the heavy ones among some modules."""
    return sorted(
        name for name in modules if name.startswith(tuple(f"{heavy}." for heavy in HEAVY)) or name in HEAVY
    )


@pytest.mark.parametrize("ini", ["", INI_KEYS], ids=["nothing set", "ini keys set"])
def test_an_unused_plugin_loads_nothing_heavy(tmp_path, ini):
    """With no other plugin around, a run loads no HTTP, TLS, JWT or model library because of us."""
    without = loaded_modules(tmp_path / "without")
    with_us = loaded_modules(tmp_path / "with", "-p", "pytest_kore_convtest", ini=ini)
    assert heavy(with_us - without) == []
    assert "pytest_kore_convtest.plugin" in with_us


@pytest.mark.parametrize("ini", ["", INI_KEYS], ids=["nothing set", "ini keys set"])
def test_an_installed_plugin_loads_nothing_heavy(tmp_path, ini):
    """Found by its entry point, among whatever else is installed, it loads nothing heavy either."""
    without = loaded_modules(tmp_path / "without", "-p", "no:pytest_kore_convtest", autoload=True)
    with_us = loaded_modules(tmp_path / "with", ini=ini, autoload=True)
    assert heavy(with_us - without) == []
    assert "pytest_kore_convtest.plugin" in with_us
    assert "pytest_kore_convtest.plugin" not in without


@pytest.mark.parametrize(
    "arguments",
    [("--collect-only", "--kore-run=inDevelopment"), ("-m", "not kore_live")],
    ids=["collect", "lint"],
)
def test_suites_that_are_not_imported_load_nothing_heavy(tmp_path, arguments):
    """To collect suite files, and to lint them, none of the libraries is loaded that talk to the platform."""
    ours = ("-p", "pytest_kore_convtest")
    without = loaded_modules(tmp_path / "without", "-p", "filelock")  # old ones load asyncio, and so ssl
    modules = loaded_modules(tmp_path / "project", *ours, *arguments, suite=SUITE)
    assert "pytest_kore_convtest.plugin.items.suite_collectors" in modules
    assert heavy(modules - without) == []


def test_a_heavy_module_would_be_noticed(tmp_path):
    """The measurement sees a library that a run loads."""
    without = loaded_modules(tmp_path / "without")
    with_it = loaded_modules(tmp_path / "with", "-p", "requests")
    assert {"requests", "urllib3", "http.client"} <= set(heavy(with_it - without))


def test_the_first_request_waits_for_nothing_that_only_answers_need(tmp_path):
    """Until a client exists and a job has begun, nothing is loaded that reads, judges or locks."""
    code = (
        "import sys, pytest_kore_convtest.plugin.hooks, pytest_kore_convtest.gate;"
        "import pytest_kore_convtest.api.client, pytest_kore_convtest.jobs.runner;"
        "late = {'pydantic', 'filelock', 'jinja2', 'rich', 'pytest_kore_convtest.suites.stored.validate'};"
        "print(sorted(late & set(sys.modules)), 'requests' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)  # noqa: S603 - our own
    assert done.stdout.strip() == "[] True"
