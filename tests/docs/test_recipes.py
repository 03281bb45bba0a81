"""The CI recipes of ``examples/ci``: time limits, secrets, artefacts, forks."""

import configparser
import re
from pathlib import Path

import pytest

from pytest_kore_convtest.settings.options import TABLE

FOLDER = Path(__file__).parents[2] / "examples" / "ci"
RECIPES = ("github-actions.yml", "gitlab-ci.yml", "Jenkinsfile", "azure-pipelines.yml")
YAML_RECIPES = tuple(name for name in RECIPES if name.endswith(".yml"))

TIME_LIMITS = {
    "github-actions.yml": r"timeout-minutes: (\d+)",
    "gitlab-ci.yml": r"timeout: (\d+) minutes",
    "Jenkinsfile": r"timeout\(time: (\d+), unit: 'MINUTES'\)",
    "azure-pipelines.yml": r"timeoutInMinutes: (\d+)",
}
"""How a recipe says minutes."""

ALWAYS = {
    "github-actions.yml": r"actions/upload-artifact@.*\n(?:\s*#.*\n)*\s*if: always\(\)",
    "gitlab-ci.yml": r"artifacts:\n(?:\s*#.*\n)*\s*when: always\n\s*paths: .*\n\s*reports:\n\s*junit:",
    "Jenkinsfile": r"always \{\s*junit testResults: [^}]*archiveArtifacts",
    "azure-pipelines.yml": r"PublishTestResults@2\n(?:\s*#.*\n)*\s*condition: always\(\)",
}
"""How a recipe keeps a report after a failure too."""

NOT_FOR_FORKS = {
    "github-actions.yml": "github.event.pull_request.head.repo.full_name == github.repository",
    "gitlab-ci.yml": "_SOURCE_PROJECT_PATH != $CI_MERGE_REQUEST_PROJECT_PATH\n      when: never",
    "Jenkinsfile": "when { expression { !env.CHANGE_FORK } }",
    "azure-pipelines.yml": "ne(variables['System.PullRequest.IsFork'], 'True')",
}
"""How a recipe keeps the gate from a fork's pull request."""

FROM_THE_STORE = re.compile(r"""\$\{\{ .+ \}\}|\$\(\w+\)|credentials\('[\w-]+'\)|"\$\{params\..+\}\"""")
GIVEN = re.compile(r"\b(KORE_\w+)\s*(?::|=(?!=))\s*(\S.*)")
SECRET_LOOKS = re.compile(r"\beyJ[\w-]{8,}|\b(?:cs|st|ds)-[0-9a-f]{4,}|[0-9A-Za-z+/=_-]{40,}")


def read(name):
    """Return a recipe's text."""
    return (FOLDER / name).read_text(encoding="utf-8")


def without_comments(text):
    """Return a recipe's text without its comment lines."""
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith(("#", "//")))


def ini_keys():
    """Return the pytest section of the example's ini file."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(read("pytest.ini"))
    return dict(parser["pytest"])


def literal_secrets(text):
    """Return what stands in a recipe and should come from the CI's store."""
    code = without_comments(text)
    given = [f"{name}: {value}" for name, value in GIVEN.findall(code) if not FROM_THE_STORE.fullmatch(value)]
    return given + SECRET_LOOKS.findall(FROM_THE_STORE.sub("", code))


@pytest.fixture(params=RECIPES)
def recipe(request):
    """A recipe's file name."""
    return request.param


def test_every_time_limit_is_longer_than_ours(recipe):
    """The CI gives the plugin time to give up first and to write its report."""
    ours = float(ini_keys()["kore_timeout"])
    limits = [60 * int(minutes) for minutes in re.findall(TIME_LIMITS[recipe], read(recipe))]
    assert len(limits) >= 2
    assert min(limits) >= ours + 300


def test_no_secret_stands_in_a_recipe(recipe):
    """Host, ids and secret are given only by reference to the CI's store."""
    assert literal_secrets(read(recipe)) == []


@pytest.mark.parametrize(
    "line",
    [
        "KORE_CLIENT_SECRET: hunter2",
        "KORE_CLIENT_SECRET = 'hunter2'",
        "export KORE_JWT=eyJhbGciOiJIUzI1NiJ9.e30.x",
        "KORE_HOST: https://bots.kore.ai",
        "run: pytest --kore-client-id cs-0a1b2c3d",
        "script: pytest --kore-jwt eyJhbGciOiJIUzI1NiJ9",
    ],
)
def test_a_planted_secret_is_found(line):
    """The search for literal secrets finds one."""
    assert literal_secrets(f"jobs:\n  {line}\n") != []


def test_the_names_of_the_store_are_ours(recipe):
    """Each recipe names host, stream, client id, secret and job, and no setting that we do not have."""
    named = set(re.findall(r"\bKORE_[A-Z_]+\b", read(recipe)))
    assert named >= {"KORE_HOST", "KORE_STREAM_ID", "KORE_CLIENT_ID", "KORE_CLIENT_SECRET", "KORE_DS_ID"}
    assert named <= {row.env_name for row in TABLE if row.env}


def test_reports_are_kept_after_a_failure_too(recipe):
    """Each JUnit file that a recipe writes is uploaded always."""
    text = read(recipe)
    written = re.findall(r"--junit-xml=(\S+?)['\s]", text)
    assert sorted(written) == ["reports/gate.xml", "reports/offline.xml"]
    kept = len(re.findall(ALWAYS[recipe], text))
    assert kept == (1 if recipe == "Jenkinsfile" else 2)


def test_a_fork_runs_the_offline_tests_and_never_the_gate(recipe):
    """Code from a fork does not meet the secrets."""
    code = without_comments(read(recipe))
    assert code.count("--kore-gate") == 1
    assert code.count('-m "not kore_live"') == 1
    assert NOT_FOR_FORKS[recipe] in read(recipe)
    assert "pull_request_target" not in code


def test_nothing_makes_a_gate_green_without_asking(recipe):
    """No recipe skips, ignores a failure or uses the emulator for the gate."""
    code = without_comments(read(recipe))
    for word in ("--kore-emulator", "kore-unconfigured", "continue-on-error", "allow_failure", "|| true"):
        assert word not in code
    assert "catchError" not in code
    assert "continueOnError" not in code


@pytest.mark.parametrize("name", YAML_RECIPES)
def test_a_recipe_is_yaml_with_a_gate(name):
    """A YAML reader finds the gate's job, its time limit, and its report."""
    yaml = pytest.importorskip("yaml")
    found = yaml.safe_load(read(name))
    jobs = found.get("jobs", found)
    gate = jobs["gate"] if isinstance(jobs, dict) else {job["job"]: job for job in jobs}["gate"]
    limit = gate.get("timeout-minutes") or gate.get("timeoutInMinutes") or int(gate["timeout"].split()[0])
    assert limit * 60 > float(ini_keys()["kore_timeout"])
    always = [step for step in gate.get("steps", ()) if "always()" in (step.get("if"), step.get("condition"))]
    assert always or gate["artifacts"]["when"] == "always"


def test_the_ini_file_holds_known_keys_and_no_secret():
    """The committed file names the host and our time limit, nothing that has to be hidden."""
    keys = {key for key in ini_keys() if key.startswith("kore_")}
    assert keys <= {row.ini_key for row in TABLE if row.ini}
    assert ini_keys()["kore_host"] == "https://bots.kore.ai"
    assert not {key for key in keys if "secret" in key or "jwt" in key or key.endswith("_id")}
