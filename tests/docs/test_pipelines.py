"""The pipelines for suite files in ``examples/ci/file-flow``: valid, pinned, cached, safe with forks."""

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "ci" / "file-flow"
RECIPES = (
    "github-actions.yml",
    "gitlab-ci.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "circleci-config.yml",
)
NAMES = ("KORE_STREAM_ID", "KORE_CLIENT_ID", "KORE_CLIENT_SECRET", "KORE_USER_EMAIL")

LIMITS = {
    "github-actions.yml": r"timeout-minutes: (\d+)",
    "gitlab-ci.yml": r"timeout: (\d+) minutes",
    "Jenkinsfile": r"timeout\(time: (\d+), unit: 'MINUTES'\)",
    "azure-pipelines.yml": r"timeoutInMinutes: (\d+)",
    "circleci-config.yml": r"no_output_timeout: (\d+)m",
}
"""How a recipe says minutes."""

NOT_FOR_FORKS = {
    "github-actions.yml": "github.event.pull_request.head.repo.full_name == github.repository",
    "gitlab-ci.yml": "_SOURCE_PROJECT_PATH != $CI_MERGE_REQUEST_PROJECT_PATH\n      when: never",
    "Jenkinsfile": "when { expression { !env.CHANGE_FORK } }",
    "azure-pipelines.yml": "ne(variables['System.PullRequest.IsFork'], 'True')",
    "circleci-config.yml": r"ignore: /pull\/[0-9]+/",
}
"""How a recipe keeps the platform from a fork's pull request."""

KEPT = {
    "github-actions.yml": "if: always()",
    "gitlab-ci.yml": "when: always",
    "Jenkinsfile": "always {",
    "azure-pipelines.yml": "condition: always()",
    "circleci-config.yml": "store_artifacts:",
}
CACHED = {
    "github-actions.yml": "cache-dependency-path: requirements-conversations.txt",
    "gitlab-ci.yml": "files: [requirements-conversations.txt]",
    "Jenkinsfile": "PIP_CACHE_DIR=",
    "azure-pipelines.yml": "task: Cache@2",
    "circleci-config.yml": 'checksum "requirements-conversations.txt"',
}
NIGHTLY = {
    "github-actions.yml": "schedule:",
    "gitlab-ci.yml": '$CI_PIPELINE_SOURCE == "schedule"',
    "Jenkinsfile": "cron(",
    "azure-pipelines.yml": "schedules:",
    "circleci-config.yml": "scheduled_pipeline",
}


def read(name):
    """Return a recipe's text."""
    return (FOLDER / name).read_text(encoding="utf-8")


def code(name):
    """Return a recipe without its comments."""
    return "\n".join(line for line in read(name).splitlines() if not line.strip().startswith(("#", "//")))


@pytest.fixture(params=RECIPES)
def recipe(request):
    """A recipe's file name."""
    return request.param


@pytest.mark.parametrize("name", [name for name in RECIPES if name.endswith(".yml")])
def test_a_recipe_is_yaml(name):
    """A YAML reader finds both jobs."""
    found = pytest.importorskip("yaml").safe_load(read(name))
    jobs = found.get("jobs", found)
    names = set(jobs) if isinstance(jobs, dict) else {job["job"] for job in jobs}
    assert {"lint", "conversations"} <= names


def test_the_jenkinsfile_is_balanced():
    """Every bracket of the Jenkinsfile is closed by its own kind."""
    open_ones = []
    pairs = {"}": "{", ")": "(", "]": "["}
    for letter in re.sub(r"'''.*?'''|'[^'\n]*'|\"[^\"\n]*\"", "", code("Jenkinsfile"), flags=re.DOTALL):
        if letter in pairs.values():
            open_ones.append(letter)
        elif letter in pairs:
            assert open_ones.pop() == pairs[letter]
    assert open_ones == []


def test_lint_runs_for_everybody_and_the_platform_only_with_secrets(recipe):
    """A pull request from a fork gets the offline job and nothing else."""
    assert code(recipe).count('-m "not kore_live"') == 1
    assert NOT_FOR_FORKS[recipe] in read(recipe)
    assert "pull_request_target" not in code(recipe)


def test_every_report_is_written_and_kept(recipe):
    """JUnit, HTML, JSON and Markdown are written, and kept after a failure too."""
    text = code(recipe)
    for option in ("--junit-xml=reports/conversations.xml", "--kore-html", "--kore-json", "--kore-markdown"):
        assert option in text
    assert KEPT[recipe] in text


def test_it_is_pinned_and_cached(recipe):
    """What is installed stands in the requirements file, with one version, and is cached."""
    assert "pip install -r requirements-conversations.txt" in code(recipe)
    assert CACHED[recipe] in code(recipe)
    assert ":latest" not in code(recipe)
    uses = re.findall(r"uses: (\S+)(.*)", code(recipe))
    assert all(re.search(r"@[0-9a-f]{40}$", one) and re.search(r"# v\d", rest) for one, rest in uses)


def test_the_requirements_name_the_present_version():
    """The version in the requirements file is the one of this project."""
    version = re.search(
        r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert f"pytest-kore-convtest[all]=={version[1]}\n" in read("requirements-conversations.txt")


def test_nightly_runs_test_what_is_published(recipe):
    """A schedule is there, and picks the published version; changes are tested in development."""
    text = code(recipe)
    assert NIGHTLY[recipe] in text
    assert "published" in text
    assert "inDevelopment" in text


def test_limits_are_longer_than_ours(recipe):
    """The CI gives the plugin time to give up first, for the import and for the run."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(read("pytest.ini"))
    ours = float(parser["pytest"]["kore_timeout"])
    assert max(60 * int(minutes) for minutes in re.findall(LIMITS[recipe], read(recipe))) >= 2 * ours + 300


def test_no_secret_and_no_way_around(recipe):
    """Names of secrets occur, values do not; nothing skips, ignores a failure or uses the emulator."""
    assert all(name in read(recipe) for name in NAMES)
    assert not re.findall(r"\beyJ|\b(?:cs|st|ds)-[0-9a-f]{4,}", read(recipe))
    for word in ("--kore-emulator", "unconfigured", "continue-on-error", "allow_failure", "catchError"):
        assert word not in code(recipe)


def test_the_action_and_the_hook_are_as_the_pages_say():
    """Each input and hook that the CI pages name exists."""
    yaml = pytest.importorskip("yaml")
    pages = [(ROOT / "docs" / "ci" / name).read_text("utf-8") for name in ("github-actions.md", "index.md")]
    blocks = [
        yaml.safe_load(found) for page in pages for found in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    ]
    (used,) = (step["with"] for block in blocks for step in block.get("steps", ()) if "with" in step)
    inputs = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    assert {*used, "lint-only", "ds-id"} <= set(inputs)
    (hook,) = (hook["id"] for block in blocks for repo in block.get("repos", ()) for hook in repo["hooks"])
    assert hook in {one["id"] for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
