"""What others build upon: the GitHub Action, the pre-commit hook, the templates of issues."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli.samples import suite

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def read(name):
    """Return a YAML file's content."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


ACTION = read("action.yml")
STEPS = ACTION["runs"]["steps"]
(TEST,) = (step for step in STEPS if step.get("name") == "Test")
(INSTALL,) = (step for step in STEPS if step.get("name") == "Install")


@pytest.fixture(name="act")
def _act(tmp_path, monkeypatch):
    """Run a step of the action as GitHub does, with its inputs in the environment, and these variables."""
    monkeypatch.chdir(tmp_path)

    def run(step, **variables):
        names = [
            name for name in os.environ if name.startswith(("KORE_", "INPUT_", "PYTEST_", "XDIST", "COV"))
        ]
        env = {name: value for name, value in os.environ.items() if name not in names}
        env |= {name: inputs(value) for name, value in step["env"].items()}
        env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}
        env |= {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")} | variables
        script = tmp_path / "step.sh"
        script.write_text(step["run"])
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    return run


def inputs(value):
    """Return what an expression of the action stands for when no input is given."""
    found = re.match(r"\$\{\{ inputs\.([\w-]+)", value)
    return ACTION["inputs"][found[1]]["default"] if found else value


def test_no_input_is_written_into_a_script():
    """No expression stands in a shell script of the action: what it holds would be run."""
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)


def test_secrets_travel_in_the_environment():
    """The secret is an input that reaches one step only, in its environment."""
    used = [step.get("name") for step in STEPS if "client-secret" in str(step)]
    assert used == ["Test"]
    assert "secret" not in TEST["run"].lower()


def test_actions_of_others_are_pinned_by_version():
    """Each action of somebody else has a version tag."""
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", one) for one in used)


def test_every_input_is_described_and_used():
    """Each input has a description and a default, and the action looks at it."""
    for name, about in ACTION["inputs"].items():
        assert about["description"], name
        assert isinstance(about["default"], str), name
        assert f"inputs.{name}" in str(STEPS), name


@needs_bash
def test_the_action_tests_files(act, tmp_path):
    """The action runs the suites, and leaves three reports and the job's summary."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "x.kore.json").write_text(suite())
    done = act(TEST, INPUT_FILES="\na b\n", KORE_EMULATOR="1", INPUT_ARGUMENTS="-p\nno:randomly\n-q")
    assert done.returncode == 0, done.stdout
    assert "1 suite imported and valid" in done.stdout
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"kore.xml", "kore.json", "kore.html"}
    assert "BOOKING" in (tmp_path / "summary.md").read_text()


@needs_bash
def test_the_action_lints(act, tmp_path):
    """With ``lint-only`` no account is needed, and an error fails the step."""
    (tmp_path / "conversations").mkdir()
    path = tmp_path / "conversations" / "x.kore.json"
    path.write_text(suite())
    assert act(TEST, INPUT_LINT_ONLY="true").returncode == 0
    path.write_text("{}")
    assert act(TEST, INPUT_LINT_ONLY="true").returncode == 1


@needs_bash
def test_the_action_waits_for_a_job(act):
    """With a job id the gate is collected, and not the files; without an account it is red."""
    done = act(TEST, KORE_DS_ID="ds-1", INPUT_FILES="missing")
    assert done.returncode == 1
    assert "kore-gate::import[job-1]" in done.stdout
    assert "Kore is not configured" in done.stdout


@needs_bash
@pytest.mark.parametrize(
    "line", ["$(touch hacked)", "; touch hacked", "`touch hacked`", '"; touch hacked; "']
)
def test_what_stands_in_an_input_is_not_run(act, tmp_path, line):
    """A name that a shell would run is a name."""
    done = act(TEST, INPUT_FILES=line, INPUT_ARGUMENTS=line, INPUT_REPORTS=f"r{line.replace('/', '')}")
    assert done.returncode == 4
    assert not (tmp_path / "hacked").exists()


@needs_bash
def test_an_option_is_no_file(act):
    """A file's name cannot be an option of pytest."""
    done = act(TEST, INPUT_FILES="conversations\n-pevil")
    assert (done.returncode, done.stdout) == (4, "::error::files holds an option: write it into arguments\n")


@needs_bash
@pytest.mark.parametrize(
    ("version", "code", "said"),
    [
        ("", 0, "[-m][pip][install][--quiet][/action path[all]]"),
        ("0.1.0", 0, "[-m][pip][install][--quiet][pytest-kore-convtest[all]==0.1.0]"),
        ("0.1.0 --index-url=x", 4, "::error::version is no version number: write e.g. 0.1.0"),
        ("-r x", 4, "::error::version is no version number: write e.g. 0.1.0"),
    ],
)
def test_what_the_action_installs(act, tmp_path, version, code, said):
    """The action installs its own version, or the one that was named, and nothing else."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nprintf "[%s]" "$@"; echo\n')
    python.chmod(0o755)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    done = act(INSTALL, INPUT_VERSION=version, GITHUB_ACTION_PATH="/action path", PATH=path)
    assert (done.returncode, done.stdout.strip()) == (code, said)


def test_the_hook_lints(tmp_path, monkeypatch):
    """The hook of pre-commit takes suite files and runs the command on them."""
    (hook,) = read(".pre-commit-hooks.yaml")
    assert hook["id"] == "kore-lint"
    assert re.search(hook["files"], "conversations/booking.kore.json")
    assert not re.search(hook["files"], "package.json")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.kore.json").write_text(suite())
    command, *words = hook["entry"].split()
    assert command == "kore-convtest"
    run = [sys.executable, "-m", "pytest_kore_convtest", *words, "x.kore.json"]
    assert subprocess.run(run, check=False, capture_output=True).returncode == 0  # noqa: S603 - ours


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.stem
)
def test_templates_of_issues(path):
    """Each template of an issue has a name, and fields with ids of their own that say what they want."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
