"""What Allure's results hold of ours: statuses, labels, the conversation, and a history that no id breaks."""

import hashlib
import json
from itertools import pairwise

import pytest

from tests.plugin.test_runs import ITEMS, STEPS, XDIST, document

pytest.importorskip("allure_pytest")

ALLURE = ("-p", "allure_pytest.plugin", "--alluredir=allure")
WRONG = {"quote": ["Which \x1b[31mtown?"]}


@pytest.fixture(autouse=True)
def _suite(pytester):
    pytester.makeini("[pytest]")
    data = json.loads(document("A"))
    data["testCases"][0]["tags"] = ["smoke", "two words"]
    (pytester.path / "talks").mkdir()
    (pytester.path / "talks" / "a.kore.json").write_text(json.dumps(data, indent=1))


@pytest.fixture
def start(run, account):
    """Run the suites with --alluredir, in a process of their own; more arguments may follow."""

    def begin(*args, bot=None):
        account.bot(bot or {})
        return run(*ALLURE, "--kore-run=inDevelopment", *args, apart=True)

    return begin


@pytest.fixture
def results(pytester):
    """Read the results that Allure wrote, oldest first."""

    def read(folder="allure"):
        found = [
            json.loads(path.read_text("utf-8")) for path in (pytester.path / folder).glob("*-result.json")
        ]
        return sorted(found, key=lambda one: (one["start"], one["name"]))

    return read


@pytest.fixture
def attached(pytester):
    """Read what is attached to a result: name, type and text of each."""

    def read(result):
        return [
            (one["name"], one["type"], (pytester.path / "allure" / one["source"]).read_text("utf-8"))
            for one in result.get("attachments", ())
        ]

    return read


def by_name(results):
    """Return results by the item's name."""
    assert len({one["name"] for one in results}) == len(results)
    return {one["name"]: one for one in results}


def labels(result, name):
    """Return the values of a label."""
    return [one["value"] for one in result["labels"] if one["name"] == name]


def parameters(thing):
    """Return the parameters of a result or a step by name."""
    return {one["name"]: one["value"] for one in thing.get("parameters", ())}


# Statuses


def test_a_failed_step(start, plugin_args, results):
    """It is failed, says so in a line, and whole in place of a traceback; the others passed."""
    assert start(*plugin_args, bot=WRONG).code == 1
    told = by_name(results())
    assert {name: one["status"] for name, one in told.items()} == {
        **dict.fromkeys(ITEMS, "passed"),
        STEPS[1]: "failed",
    }
    details = told[STEPS[1]]["statusDetails"]
    assert details["message"] == "ConversationFailedError: step 02 'quote' of A FAILED: text of reply 1"
    assert details["trace"].startswith("step 02 'quote' of A FAILED: text of reply 1\n")
    assert "Traceback" not in details["trace"]
    assert "\x1b" not in json.dumps(told, ensure_ascii=False)


def test_what_could_not_be_found_out_is_broken(start, plugin_args, results, account):
    """An ERROR is broken with our sentence; what follows it is skipped, without a path of this machine."""
    account.script("403, 403, 403, 403")
    assert start(*plugin_args).code == 1
    told = by_name(results())
    assert [told[name]["status"] for name in ITEMS] == ["passed", "broken", *["skipped"] * 5]
    assert told["import"]["statusDetails"]["message"].startswith("AccessDeniedError: ")
    skipped = told["run"]["statusDetails"]
    assert skipped["message"].startswith("talks/a.kore.json::A::import has not passed: ")
    assert "trace" not in skipped


TESTS = """
    import pytest

    def test_verdict_of_a_fixture(kore_import_status): pass

    def test_trouble_in_the_body(kore_wait_for_import):
        kore_wait_for_import("ds-gone")

    def test_verdict_in_the_body(kore_wait_for_import):
        kore_wait_for_import("ds-bad")

    @pytest.fixture
    def late(kore_wait_for_import):
        yield
        kore_wait_for_import("ds-bad")

    def test_verdict_in_the_teardown(late): pass

    def test_a_mistake(kore_client):
        raise ValueError("mine")

    def test_another():
        raise ValueError("theirs")
    """


def test_tests_that_people_write(  # noqa: PLR0913, PLR0917
    start, plugin_args, results, account, pytester, monkeypatch
):
    """An error of ours means the same in whatever phase; other errors are told as Allure tells them."""
    monkeypatch.setenv("KORE_DS_ID", "ds-bad")
    account.script("FAILED(log='no such bot')", job="ds-bad")
    account.script("403, 403, 403, 403", job="ds-gone")
    path = pytester.makepyfile(TESTS)
    assert start(path.name, *plugin_args).code == 1
    told = by_name(results())
    assert {name.removeprefix("test_"): one["status"] for name, one in told.items()} == {
        "verdict_of_a_fixture": "failed",
        "trouble_in_the_body": "broken",
        "verdict_in_the_body": "failed",
        "verdict_in_the_teardown": "failed",
        "a_mistake": "broken",
        "another": "broken",
    }
    assert "no such bot" in told["test_verdict_in_the_body"]["statusDetails"]["trace"]
    assert labels(told["test_a_mistake"], "target")
    assert not labels(told["test_another"], "target")
    assert labels(told["test_another"], "suite") == [path.stem]


def test_a_flaky_step(start, plugin_args, results, attached):
    """It is passed and flaky, says in which run it failed, and holds that failure."""
    assert start("--kore-retry-failed=1", *plugin_args, bot={"quote": {"runs": ["Sorry?", None]}}).code == 0
    told = by_name(results())
    assert {one["status"] for one in told.values()} == {"passed"}
    assert [name for name, one in told.items() if one.get("statusDetails", {}).get("flaky")] == [STEPS[1]]
    assert "run 1 of 2" in told[STEPS[1]]["statusDetails"]["message"]
    (name, kind, text), (_, _, said) = attached(told[STEPS[1]])
    assert (name.partition(" of the suite")[0], kind) == ("failed in run 1 of 2", "text/plain")
    assert "Sorry?" in text
    assert "- user: quote # step 02 is flaky: this is how it failed\n  bot: Sorry?\n" in said
    shown = told[STEPS[2]]["steps"][1]
    assert (shown["name"], shown["status"]) == ("user: quote (flaky: this is how it failed)", "passed")
    assert parameters(shown["steps"][0])["actual"] == "Sorry?"


def test_a_known_failure(start, results, pytester):
    """A failure that a baseline accepts is skipped and marked as known."""
    entry = {"suite": "A", "step": 2, "input": "quote", "reason": "TICKET-7", "until": "2099-01-31"}
    data = {"format": "pytest-kore-convtest baseline", "version": 1, "accepted": [entry]}
    (pytester.path / "known.json").write_text(json.dumps(data))
    assert start("--kore-baseline=known.json", bot=WRONG).code == 0
    step = by_name(results())[STEPS[1]]
    assert (step["status"], step["statusDetails"]["known"]) == ("skipped", True)
    assert "TICKET-7" in step["statusDetails"]["message"]
    assert step["steps"][-1]["status"] == "skipped"


def test_a_rerun_is_a_result_of_its_own(start, results, account):
    """Each try of pytest-rerunfailures is told, the first as broken; its history id makes one of them."""
    account.script("403, SUCCESS")
    start("-p", "rerunfailures", "--reruns=1", "-k", "import")
    tries = results()
    assert [one["status"] for one in tries] == ["broken", "passed"]
    assert len({one["historyId"] for one in tries}) == 1


def test_an_item_lasts_as_long_as_its_wait(start, results, account):
    """The time of an import is that of its job, and no item begins before the one before has ended."""
    account.script("IN_PROGRESS, SUCCESS")
    start()
    told = by_name(results())
    waited = told["import"]["stop"] - told["import"]["start"]
    assert waited + 1 >= 1000 * float(parameters(told["import"])["kore_seconds"]) > 0
    for one, after in pairwise(told[name] for name in ITEMS):
        assert one["stop"] <= after["start"] + 1


# The conversation


def test_the_conversation(start, plugin_args, results, attached):
    """A step has it up to there, as YAML and as steps with their replies; the run has all of it."""
    start(*plugin_args, bot=WRONG)
    told = by_name(results())
    ((name, kind, text),) = attached(told[STEPS[1]])
    assert (name, kind) == ("conversation", "application/yaml")
    assert text == (
        "- event: Start_Flow\n  bot: Welcome.\n"
        '- user: quote # step 02 failed\n  bot: "Which \\u001b[31mtown?"\n'
    )
    shown = [(one["name"], one["status"]) for one in told[STEPS[1]]["steps"]]
    assert shown == [("event: Start_Flow", "passed"), ("user: quote", "failed")]
    (right,), (wrong,) = (one["steps"] for one in told[STEPS[1]]["steps"])
    assert (right["name"], right["status"], parameters(right)) == ("bot: Welcome.", "passed", {})
    assert (wrong["name"], wrong["status"]) == ("bot: Which \\x1b[31mtown?", "failed")
    assert parameters(wrong) == {
        "expected": "Which city?",
        "actual": "Which \\x1b[31mtown?",
        "failed assertion": "text",
    }
    ((_, _, whole),) = attached(told["run"])
    assert whole == f"{text}- user: Rome\n  bot: 100 EUR\n"
    assert not attached(told["lint"])
    assert not attached(told["import"])


def test_a_long_conversation(start, results, attached, pytester):
    """A step shows the last exchanges, so that many steps stay short together; the run shows all."""
    steps = [{"input": f"say {number}", "outputs": [{"contains": "yes"}]} for number in range(1, 13)]
    data = {"testCases": [{"name": "A", "messages": steps}]}
    (pytester.path / "talks" / "a.kore.json").write_text(json.dumps(data))
    assert start().code == 0
    told = by_name(results())
    last = told["step 12 say 12"]
    assert [one["name"] for one in last["steps"]] == [f"user: say {number}" for number in range(7, 13)]
    ((_, _, text),) = attached(last)
    assert text.startswith("# 6 earlier steps\n- user: say 7\n")
    ((_, _, whole),) = attached(told["run"])
    assert whole.count("- user: say ") == 12


# Labels, and the history


def test_labels(start, plugin_args, results, account):
    """Suite, tags, bot and target can be searched for; the suite's file stands above its name."""
    start(*plugin_args)
    for name, one in by_name(results()).items():
        assert labels(one, "parentSuite") == ["talks/a.kore.json"], name
        assert labels(one, "suite") == ["A"], name
        assert not labels(one, "subSuite")
        assert set(labels(one, "tag")) - {"kore_live"} == {"smoke", "two words"}
        assert "description" not in one


def test_the_bot_and_the_target(start, results, account, pytester, monkeypatch):
    """The bot is that of the file, else that of the settings; the target is its name, else the host."""
    start("-k", "lint or import")
    host = account.url.partition("://")[2]
    assert {(*labels(one, "bot"), *labels(one, "target")) for one in results()} == {(account.stream_id, host)}
    for name in ("HOST", "STREAM_ID"):
        monkeypatch.delenv(f"KORE_{name}")
    pytester.makeini(f"[pytest]\nkore_targets =\n    staging {account.url} {account.stream_id}\n")
    start("-k", "lint or import", "--kore-target=staging", "--alluredir=allure2")
    told = {(*labels(one, "bot"), *labels(one, "target")) for one in results("allure2")}
    assert told == {(account.stream_id, "staging")}


def test_the_emulator_is_named(run, results, pytester):
    """With --kore-emulator bot and target are called that, unless the file names its bot."""
    path = pytester.path / "talks" / "a.kore.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"botId": "st-7"}))
    (pytester.path / "talks" / "b.kore.json").write_text(document("B"))
    assert run(*ALLURE, "--kore-emulator", "-k", "lint or import", apart=True).code == 0
    told = {(*labels(one, "suite"), *labels(one, "bot"), *labels(one, "target")) for one in results()}
    assert told == {("A", "st-7", "emulator"), ("B", "emulator", "emulator")}


def test_the_history_id_stays(start, results, pytester):
    """It is that of the file, the suite and the step, whatever ids a run has, however it is distributed."""
    ids = {}
    for number, args in enumerate([(), (), XDIST, (*XDIST, "--dist=loadgroup"), ("-p", "no:randomly")]):
        start(*args, f"--alluredir=allure{number}")
        told = by_name(results(f"allure{number}"))
        ids[number] = {name: one["historyId"] for name, one in told.items()}
        assert {parameters(one)["kore_run_id"] for one in told.values() if one["name"] in STEPS}
        stored = parameters(told["import"])["kore_suite"]
        assert stored not in ids.setdefault("stored", {})
        ids["stored"][stored] = number
        assert all(one["excluded"] for result in told.values() for one in result["parameters"])
    assert len(ids[0]) == len(set(ids[0].values())) == len(ITEMS)
    assert all(ids[number] == ids[0] for number in range(1, 5))
    name = f"talks/a.kore.json::A::{STEPS[1]}"
    assert ids[0][STEPS[1]] == hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def test_no_suite_hides_another(start, results, pytester):
    """Files whose names differ by a slash or their ending have histories of their own: none is a retry."""
    text = (pytester.path / "talks" / "a.kore.json").read_text()
    (pytester.path / "talks.a.kore.json").write_text(text)
    (pytester.path / "talks" / "a.kore.yaml").write_text(
        "suites:\n  - name: A\n    steps:\n      - event: Start_Flow\n        bot: Hi!\n"
    )
    start("-m", "not kore_live")
    found = [one for one in results() if one["name"] == "lint"]
    assert len(found) == 3
    assert len({one["historyId"] for one in found}) == len({one["testCaseId"] for one in found}) == 3


def test_the_history_survives_a_new_job(start, results, account, pytester, monkeypatch):
    """A gate and a test with several jobs are known by the jobs' labels, not by their ids."""
    pytester.makepyfile(test_it="def test_it(kore_import_status): pass")
    seen = []
    for number in (1, 2):
        monkeypatch.setenv("KORE_DS_ID", f"first=ds-a{number},second=ds-b{number}")
        for job in ("a", "b"):
            account.script("SUCCESS", job=f"ds-{job}{number}")
        for args in (("test_it.py",), ("--kore-gate",)):
            assert start(*args, f"--alluredir=allure{number}").code == 0
        found = results(f"allure{number}")
        seen.append({one["name"]: one["historyId"] for one in found})
        shown = {parameters(one).get("kore_import_status") for one in found}
        assert shown == {"first", "second", None}
        assert {parameters(one)["kore_ds_id"] for one in found} == {f"ds-a{number}", f"ds-b{number}"}
    assert seen[0] == seen[1]
    assert len(set(seen[0].values())) == 6


# What no item shows


def test_what_is_skipped_is_not_verified(start, results, pytester, plugin_args):
    """An item of ours that somebody skips makes the run red: a later result of the same test is broken."""
    pytester.makeconftest(
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if item.name == 'structure': item.add_marker(pytest.mark.skip(reason='not today'))\n"
    )
    assert start(*plugin_args).code == 1
    tries = [one for one in results() if one["name"] == "structure"]
    assert [one["status"] for one in tries] == ["skipped", "broken"]
    assert tries[1]["statusDetails"]["message"] == "not verified: not today"
    for key in ("historyId", "testCaseId", "fullName"):
        assert tries[0][key] == tries[1][key]
    assert labels(tries[1], "suite") == ["A"]


def test_an_item_that_crashed(start, results, pytester):
    """Of an item whose worker died the controller tells, as broken."""
    pytester.makeconftest(
        "import os\ndef pytest_runtest_call(item):\n    if item.name == 'structure': os._exit(3)\n"
    )
    assert start(*XDIST, "--max-worker-restart=0").code == 1
    told = [one for one in results() if one["name"] == "structure"]
    assert [one["status"] for one in told] == ["broken"]
    assert "not verified" in told[0]["statusDetails"]["message"]


def test_an_interrupted_item(start, results, pytester):
    """An item that Ctrl-C ended is broken, and not skipped."""
    pytester.makeconftest(
        "def pytest_runtest_call(item):\n    if item.name == 'structure': raise KeyboardInterrupt\n"
    )
    assert start().code == 2
    told = results()
    assert {one["status"] for one in told if one["name"] == "structure"} == {"broken"}
    assert {one["name"] for one in told if one["status"] == "broken"} >= {"structure", "run", *STEPS}


# When ours fails


BROKEN = """
    import allure_commons

    class Full:
        @allure_commons.hookimpl(tryfirst=True)
        def report_attached_data(self, body, file_name):
            raise OSError(28, "No space left on device")

    allure_commons.plugin_manager.register(Full(), "full")
    """


def test_when_ours_fails_allures_results_stay(start, plugin_args, results, pytester):
    """What cannot be added is said once; the results are those that Allure makes by itself."""
    pytester.makeconftest(BROKEN)
    result = start(*plugin_args)
    assert result.code == 0
    said = [line for line in result.lines if "Allure's results lack what Kore adds" in line]
    assert len(said) == 1
    assert "No space left on device" in said[0]
    told = by_name(results())
    assert {one["status"] for one in told.values()} == {"passed"}
    assert "steps" not in told[STEPS[1]]
    assert labels(told["lint"], "suite") == ["A"]  # what needs no file is there


@pytest.mark.parametrize("args", [("-p", "allure_pytest.plugin"), ()])
def test_nothing_is_loaded_without_alluredir(run, account, pytester, args):
    """Without results there is nothing to add to, and no time is spent."""
    pytester.makeconftest(
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    print('loaded:', 'pytest_kore_convtest.plugin.reporting.allure' in sys.modules)\n"
    )
    result = run("-s", *args, fresh=True)
    assert "loaded: False" in result.text
    assert result.code == 0
