"""Which plugins and options `make matrix-plugins` tries, and what proves that each of them was at work."""

# ruff: noqa: INP001 - a script's table

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One plugin or option.

    Attributes:
        name: What the table calls it.
        package: The distribution that is installed for it, alone; empty for what pytest itself can do.
        needs: What it does not install itself and cannot work without.
        args: pytest's arguments.
        machines: Further arguments by machine, when items are divided between some; each is a run.
        files: Files that are written beside the two suites; their tests have to pass.
        environment: Further environment.
        python: Options of the interpreter.
        leaves: Files that the run has to leave behind.
        why: What there is to know of it.
    """

    name: str
    package: str = ""
    needs: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    machines: tuple[tuple[str, ...], ...] = ((),)
    files: dict[str, str] = {}  # noqa: RUF012 - a named tuple's default
    environment: dict[str, str] = {}  # noqa: RUF012 - the same
    python: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    why: str = ""


RUN = "inDevelopment"
"""What KORE_RUN is set to: by the matrix, or by the plugin whose business the environment is."""

ASYNC = "import pytest\n\n@pytest.mark.{mark}\nasync def test_awaited():\n    pass\n"
BDD = """from pytest_bdd import scenarios, then
scenarios("greeting.feature")

@then("it is polite")
def _polite():
    pass
"""
CASES = """from pytest_cases import parametrize_with_cases

def case_one():
    return 1

@parametrize_with_cases("number", cases=".")
def test_case(number):
    assert number == 1
"""
DESCRIBE = "def describe_a_bot():\n    def greets():\n        assert True\n"
DJANGO = 'def test_request(rf):\n    assert rf.get("/").method == "GET"\n'
FLASK = """import flask, pytest

@pytest.fixture
def app():
    return flask.Flask("bot")

def test_client(client):
    assert client.get("/").status_code == 404
"""
HTTPSERVER = """import requests

def test_served(httpserver):
    httpserver.expect_request("/").respond_with_data("hello")
    assert requests.get(httpserver.url_for("/"), timeout=10).text == "hello"
"""
LAZY = """import pytest
from pytest_lazy_fixtures import lf

@pytest.fixture
def one():
    return 1

@pytest.mark.parametrize("number", [lf("one")])
def test_lazy(number):
    assert number == 1
"""
REPEATED = """import pytest

@pytest.mark.repeat(3)
def test_again():
    pass
"""
MOCKED = """import requests

def test_mocked(requests_mock):
    requests_mock.get("https://example.com", text="hello")
    assert requests.get("https://example.com", timeout=10).text == "hello"
"""
MOCKER = """import requests

def test_patched(mocker):
    mocker.patch("requests.Session.send", return_value="hello")
    assert requests.get("https://example.com", timeout=10) == "hello"
"""
RESPONSES = """import requests, responses

def test_answered():
    responses.add(responses.GET, "https://example.com", body="hello")
    assert requests.get("https://example.com", timeout=10).text == "hello"
"""
SUBTESTS = """def test_parts(subtests):
    with subtests.test("a part"):
        pass
"""
VCR = """import pytest

@pytest.mark.vcr
def test_recorded(vcr_cassette):
    assert vcr_cassette.play_count == 0
"""

ROWS = (
    Row("allure-pytest", "allure-pytest", args=("--alluredir=allure",), leaves=("allure",)),
    Row(
        "anyio",
        "anyio",
        files={
            "test_more.py": ASYNC.format(mark="anyio")
            + "\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
        },
    ),
    Row(
        "pytest-asyncio",
        "pytest-asyncio",
        args=("--asyncio-mode=auto",),
        files={"test_more.py": ASYNC.format(mark="asyncio")},
    ),
    Row(
        "pytest-bdd",
        "pytest-bdd",
        files={
            "test_more.py": BDD,
            "greeting.feature": "Feature: Greeting\n  Scenario: Hello\n    Then it is polite\n",
        },
    ),
    Row(
        "pytest-cases",
        "pytest-cases",
        needs=("pytest==8.4.2",),
        files={"test_more.py": CASES},
        why="with pytest 8.4.2: it cannot be loaded by 9.2, without ours either",
    ),
    Row("pytest-cov", "pytest-cov", args=("--cov=.", "--cov-report=xml"), leaves=("coverage.xml",)),
    Row("pytest-describe", "pytest-describe", files={"test_more.py": DESCRIBE}),
    Row(
        "pytest-django",
        "pytest-django",
        needs=("Django",),
        files={"test_more.py": DJANGO, "site_settings.py": 'SECRET_KEY = "x"\n'},
        environment={"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": "."},
    ),
    Row("pytest-dotenv", "pytest-dotenv", files={".env": f"KORE_RUN={RUN}\n"}),
    Row("pytest-env", "pytest-env", files={"pytest.ini": f"[pytest]\nenv =\n    KORE_RUN={RUN}\n"}),
    Row("flaky", "flaky", args=("--force-flaky", "--max-runs=3")),
    Row("pytest-flask", "pytest-flask", files={"test_more.py": FLASK}),
    Row(
        "pytest-github-actions-annotate-failures",
        "pytest-github-actions-annotate-failures",
        environment={"GITHUB_ACTIONS": "true"},
    ),
    Row("pytest-html", "pytest-html", args=("--html=r.html", "--self-contained-html"), leaves=("r.html",)),
    Row("pytest-httpserver", "pytest-httpserver", files={"test_more.py": HTTPSERVER}),
    Row("pytest-instafail", "pytest-instafail", args=("--instafail",)),
    Row("pytest-json-ctrf", "pytest-json-ctrf", args=("--ctrf=r.json",), leaves=("r.json",)),
    Row(
        "pytest-json-report",
        "pytest-json-report",
        args=("--json-report", "--json-report-file=r.json"),
        leaves=("r.json",),
    ),
    Row("pytest-lazy-fixtures", "pytest-lazy-fixtures", files={"test_more.py": LAZY}),
    Row(
        "pytest-md-report",
        "pytest-md-report",
        args=("--md-report", "--md-report-output=r.md"),
        leaves=("r.md",),
    ),
    Row("pytest-mock", "pytest-mock", files={"test_more.py": MOCKER}),
    Row("pytest-pretty", "pytest-pretty"),
    Row("pytest-progress", "pytest-progress", args=("--show-progress",)),
    Row("pytest-random-order", "pytest-random-order", args=("--random-order", "--random-order-seed=7")),
    Row("pytest-randomly", "pytest-randomly", args=("-p", "randomly", "--randomly-seed=7")),
    Row("pytest-repeat, a mark", "pytest-repeat", files={"test_more.py": REPEATED}),
    Row("pytest-repeat", "pytest-repeat", args=("--count=2",)),
    Row("pytest-reportlog", "pytest-reportlog", args=("--report-log=r.jsonl",), leaves=("r.jsonl",)),
    Row("pytest-rerunfailures", "pytest-rerunfailures", args=("--reruns=2",)),
    Row("pytest-responses", "pytest-responses", files={"test_more.py": RESPONSES}),
    Row("requests-mock", "requests-mock", files={"test_more.py": MOCKED}),
    Row("pytest-retry", "pytest-retry", args=("--retries=2",)),
    Row("pytest-reverse", "pytest-reverse", args=("--reverse",)),
    Row("pytest-rich", "pytest-rich", args=("--rich",)),
    Row(
        "pytest-shard",
        "pytest-shard",
        machines=tuple(("--num-shards=2", f"--shard-id={at}") for at in (0, 1)),
    ),
    Row("pytest-socket", "pytest-socket", args=("--disable-socket", "--allow-hosts=127.0.0.1")),
    Row("pytest-split", "pytest-split", machines=tuple(("--splits=3", f"--group={at}") for at in (1, 2, 3))),
    Row(
        "pytest-subtests",
        "pytest-subtests",
        needs=("pytest==8.4.2",),
        files={"test_more.py": SUBTESTS},
        why="with pytest 8.4.2: 9 and newer have it built in",
    ),
    Row("pytest, `subtests`", files={"test_more.py": SUBTESTS}),
    Row("pytest-sugar", "pytest-sugar"),
    Row("teamcity-messages", "teamcity-messages", args=("--teamcity",)),
    Row(
        "pytest-test-groups",
        "pytest-test-groups",
        machines=tuple(("--test-group-count=2", f"--test-group={at}") for at in (1, 2)),
    ),
    Row("pytest-timeout", "pytest-timeout", args=("--timeout=120",)),
    Row("pytest-trio", "pytest-trio", files={"test_more.py": ASYNC.format(mark="trio")}),
    Row("pytest-vcr", "pytest-vcr", files={"test_more.py": VCR}),
    Row("pytest-xdist", "pytest-xdist", args=("-n", "2")),
    Row("pytest-xdist", "pytest-xdist", args=("-n", "2", "--dist=loadscope")),
    Row("pytest-xdist", "pytest-xdist", args=("--dist=each", "--tx=2*popen")),
    Row("pytest", args=("-p", "no:terminal")),
    Row("pytest", args=("-p", "no:cacheprovider")),
    Row("pytest", args=("-W", "error")),
    Row("pytest", args=("--import-mode=importlib",)),
    Row("pytest", args=("--import-mode=append",)),
    Row("pytest", python=("-O",)),
)
