"""Any sequence of answers to uploads, imports and runs: nothing is begun twice, nothing is invented."""

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from property.test_waiting import GOOD, check_secrecy, failed, retry_after, running, seconds
from property.wire import JOB, RUN, Answer, Road, cut, examples, refusal, sample

from pytest_kore_convtest.errors import KoreError
from pytest_kore_convtest.suites.file import LocalOutput, LocalStep, LocalSuite
from pytest_kore_convtest.suites.results.judge import judge_run
from pytest_kore_convtest.suites.run_errors import verdict_of

FILE = "5c077d28d28e06c112681656"
NAME = sample("import-status.success")["response"]["name"]
STEP = LocalStep(input="Start_Flow", event="Start_Flow", outputs=(LocalOutput(texts=("asdasd",)),))
SUITE = LocalSuite(path=Path("a.json"), name="A", tags=(), description="", steps=(STEP,), data=b"{}")

PARTS = {"uploadfile": {"fileId": FILE}, "import": {"dsId": JOB}, "run": {"testRunId": RUN}}
"""What each change is answered, by the last part of its path."""

refused = st.builds(
    refusal,
    st.sampled_from([400, 401, 403, 405, 412, 429]),
    kind=st.just("refused"),
    headers=retry_after.map(lambda text: (("retry-after", text),)),
    seconds=seconds,
) | st.builds(
    cut,
    st.sampled_from(["dns", "refused", "timeout"]),
    kind=st.just("refused"),
    sent=st.just(False),
    seconds=seconds,
)
lost = (
    st.builds(
        refusal,
        st.sampled_from([408, 500, 502, 503, 504, 204, 206, 425]),
        kind=st.just("lost"),
        seconds=seconds,
    )
    | st.builds(cut, st.sampled_from(["reset", "closed", "timeout"]), kind=st.just("lost"), seconds=seconds)
    | st.builds(
        Answer,
        st.just("lost"),
        body=st.sampled_from(
            ["", "{}", "null", "<html>", '{"status": "IN_PROGRESS"}', '{"dsId": "../x"}', '{"dsId": 1}']
        ),
    )
)
done = st.just(Answer("done"))
changes = st.lists(st.one_of(refused, done, done, lost), max_size=4)


def run_status(word, kind, **more):
    """Return an answer about the run."""
    document = sample("run-status.in-progress" if kind == "running" else "run-status.passed") | {
        "status": word
    }
    document["totalTestStepsCount"] = 1
    document["result"] |= {"status": word, "stepDetails": {"passed": 1, "failed": 0, "total": 1}}
    document["result"]["executionResults"] = document["result"].get("executionResults", [])[:1]
    return Answer(kind, body=json.dumps(document), shows=(word,), **more)


PASSED = run_status("passed", "good")
run_running = st.builds(
    run_status, st.sampled_from(["inprogress", "queued", "odd"]), st.just("running"), seconds=seconds
)
run_failed = st.builds(
    run_status, st.sampled_from(["failed", "aborted", "skipped"]), st.just("failed"), seconds=seconds
)


class Platform:
    """Answer each kind of request by a script of its own; when that is used up, well."""

    def __init__(self, **scripts):
        self.scripts = {key: list(script) for key, script in scripts.items()}
        self.last = dict.fromkeys(("import status", "run status"))

    def __call__(self, _number, request, _after):
        """Choose the answer."""
        part = request.url.rpartition("/")[2]
        if part != "status":
            script = self.scripts[part]
            answer = script.pop(0) if script else Answer("done")
            return replace(answer, body=json.dumps(PARTS[part])) if answer.kind == "done" else answer
        key = "import status" if "/import/" in request.url else "run status"
        script, end = self.scripts[key], GOOD if key == "import status" else PASSED
        self.last[key] = script.pop(0) if script else end
        return self.last[key]


def sent(road, part):
    """Return the requests whose path ends so."""
    return [one for one in road.sent if one.url.endswith(f"/{part}")]


def check_once(road):
    """What may have been carried out is not sent again; what was refused for good neither."""
    for part in PARTS:
        requests = sent(road, part)
        done_or_lost = [one for one in requests[:-1] if not one.came or one.answer.kind in {"lost", "done"}]
        assert done_or_lost == [], part


def judge(outcome):
    """Raise what a run's outcome deserves."""
    if bad := verdict_of(judge_run(outcome.result(), SUITE)):
        raise bad


@examples(250)
@given(
    changes,
    changes,
    changes,
    st.lists(running | failed, max_size=3),
    st.lists(run_running | run_failed, max_size=3),
)
def test_any_sequence_of_answers_to_changes(uploads, imports, runs, import_statuses, run_statuses):
    """Each change is made once at most, in order, and the run is green only when all said so."""
    platform = Platform(
        uploadfile=uploads,
        **{"import": imports, "run": runs, "import status": import_statuses, "run status": run_statuses},
    )
    road = Road(platform, stall_timeout=600.0)
    job = road.pipeline.import_suite(SUITE, NAME)
    run = road.pipeline.run_suite(NAME, "inDevelopment", job)
    outcome, ran = road.pipeline.wait_for(job), road.pipeline.wait_for(run)
    check_once(road)
    check_secrecy(road, outcome, road.pipeline.judge)
    check_secrecy(road, ran, judge)
    assert len({one.token for one in road.sent}) == len(road.sent)
    assert not sent(road, "run") or job.is_good(outcome)
    assert job.is_good(outcome) == (platform.last["import status"] == GOOD)
    assert (ran.trouble is None) == (
        platform.last["run status"] is not None and platform.last["run status"].kind != "running"
    )
    assert run.is_good(ran) == (platform.last["run status"] == PASSED)
    budget = road.settings.outage_budget + road.settings.request_timeout
    assert road.clock.now <= 3 * budget + 2 * (road.settings.timeout + 1)


@examples(100)
@given(changes, changes, st.integers(1, 3))
def test_asking_again_begins_nothing_twice(uploads, imports, times):
    """A rerun, in this process or another, goes on where it is known what happened, and nowhere else."""
    road = Road(Platform(uploadfile=uploads, **{"import": imports, "import status": []}))
    job = road.pipeline.import_suite(SUITE, NAME)
    for _ in range(times):
        outcome = road.pipeline.wait_for(job)
        road.pipeline.ask_again(job, outcome.generation)
    settled = road.pipeline.wait_for(job)  # else the other one may look before the last attempt begins
    other = Road(Platform(uploadfile=[], **{"import": [], "import status": []}), road.clock, road.store)
    again = other.pipeline.wait_for(other.pipeline.import_suite(SUITE, NAME))
    assert other.sent == []
    assert again.to_data() == settled.to_data()
    requests = sent(road, "import")
    assert [one for one in requests[:-1] if not one.came or one.answer.kind in {"lost", "done"}] == []
    if requests and requests[-1].came and requests[-1].answer.kind == "done":
        assert again.trouble is None
    else:
        assert isinstance(again.trouble, KoreError)
