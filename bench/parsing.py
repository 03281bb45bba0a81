"""What reading the largest replies costs, beside `json.loads` of the same bytes, and what judging them costs.

A suite file of 2 MB holds some 20 000 short steps; the platform's reply about it has
some 11 MB, the reply about its run twice as much. Each measurement has a process of its
own, so that no other's memory and garbage is in the way; the ways take turns.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from figures import Spread, Verdict, peak, print_table, save, spread
from pydantic import BaseModel

from pytest_kore_convtest.api import models, run_models
from pytest_kore_convtest.suites.file import read_suite_file
from pytest_kore_convtest.suites.results.judge import judge_run
from pytest_kore_convtest.suites.stored.compare_with_file import compare
from pytest_kore_convtest.suites.stored.validate import expect, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_kore_convtest.suites.file import LocalSuite

STEPS = 20_000
ROUNDS = 5
POLLS = 200
TIMES, MEMORY, POLL = 3.0, 8.0, 0.1
"""At most: times `json.loads`, times the body, milliseconds."""

STREAM = "st-00000000-0000-0000-0000-000000000000"
SAMPLES = Path(__file__).parents[1] / "tests" / "samples"

CASES = ("import plain", "import naive", "import ours", "run plain", "run ours")


def conversation(count: int) -> list[tuple[str, str, str]]:
    """Return steps: what the user says, what the bot answers, and its node."""
    answer = "Thank you, this is answer {}. What else?"
    return [(f"question {number}", answer.format(number), f"Node{number % 50}") for number in range(count)]


def output(text: str, node: str, **status: str) -> dict[str, Any]:
    """Return a reply of the bot as the platform stores it, with a status in a run."""
    return {
        "text": text,
        "nodeId": node,
        **dict.fromkeys(("componentType", "intentId", "intentType", "taskId"), ""),
        "nodeName": node,
        "dialogName": "Everyday questions",
        "transitions": [node],
        "transitionNodeNames": [node],
        "transitionNodeType": [],
        "assertions": {
            "flowLevel": {"enabled": True, "contains": [{"nodeId": node, **status}], **status},
            "text": {"enabled": True, "contains": [{"text": text, **status}], **status},
            "context": {"enabled": False, "contains": []},
        },
    }


def suite_file(count: int) -> Any:
    """Return what a suite file holds."""
    messages = [{"input": said, "outputs": [{"contains": text}]} for said, text, _ in conversation(count)]
    return {"testCases": [{"name": "LARGE", "tags": [], "description": "", "messages": messages}]}


def import_reply(count: int) -> Any:
    """Return the reply about the suite's import."""
    steps = [{"input": said, "outputs": [output(text, node)]} for said, text, node in conversation(count)]
    suite = {"name": "LARGE", "tags": [], "description": "", "streamId": STREAM, "_id": "ctc-1"}
    status = {"_id": "ds-1", "status": "SUCCESS", "percentageComplete": 100, "streamId": STREAM}
    return {**status, "response": {**suite, "testSteps": steps}}


def run_reply(count: int) -> Any:
    """Return the reply about the suite's run, in its full form."""
    results = [
        {
            "actualOutput": [output(text, node, status="passed")],
            **{name: [] for name in ("intents", "faqs", "smalltalk")},
            "input": said,
            "outputs": [output(text, node, status="passed")],
            "requestId": f"ctr-1{number}",
            "nlpVersion": "v3",
            "status": "passed",
        }
        for number, (said, text, node) in enumerate(conversation(count))
    ]
    counts = {"passed": count, "failed": 0, "total": count}
    result = {"status": "passed", "stepDetails": counts, "executionResults": results, "duration": 14364}
    return {"_id": "ctr-1", "status": "passed", "totalTestStepsCount": count, "result": result}


def naive_model() -> type[BaseModel]:
    """Return plain pydantic models of the reply about an import, as one would write them first."""

    class Assertion(BaseModel):
        enabled: bool = False
        contains: list[dict[str, Any]] = []
        status: str | None = None

    class Assertions(BaseModel):
        flowLevel: Assertion = Assertion()  # noqa: N815 - the platform's name
        text: Assertion = Assertion()
        context: Assertion = Assertion()

    class Output(BaseModel):
        text: str = ""
        nodeId: str | None = None  # noqa: N815 - the platform's name
        assertions: Assertions = Assertions()

    class Step(BaseModel):
        input: str
        event: str | None = None
        outputs: list[Output] = []

    class Suite(BaseModel):
        name: str
        testSteps: list[Step]  # noqa: N815 - the platform's name

    class Status(BaseModel):
        status: str
        response: Suite | None = None

    for model in (Assertions, Output, Step, Suite, Status):
        model.model_rebuild(_types_namespace=locals())
    return Status


def look_at_all(status: models.ImportStatus) -> int:
    """Count the enabled assertions of a suite."""
    assert status.suite is not None
    outputs = (output for step in status.suite.steps for output in step.outputs)
    each = (output.assertions for output in outputs)
    return sum(one.flow.enabled + one.text.enabled + one.context.enabled for one in each)


class Meter:
    """Takes the processor time of one call after the other, and the peak of memory since it was made."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self._before = peak(forget=True)

    def take(self, name: str, call: Callable[[], Any]) -> Any:
        """Call, and note the seconds and the bytes."""
        start = time.process_time()
        found = call()
        self.figures[name] = time.process_time() - start
        self.figures[f"{name} memory"] = peak() - self._before
        return found


def measure(case: str, folder: Path) -> dict[str, float]:
    """Measure one case in this process."""
    for _, read, sample in polls():
        read(sample)  # builds the models, once
    naive = naive_model()
    kind, _, way = case.partition(" ")
    body, meter = (folder / kind).read_bytes(), Meter()
    if way == "plain":
        meter.take("read", lambda: json.loads(body))
    elif way == "naive":
        meter.take("read", lambda: naive.model_validate_json(body))
    elif kind == "import":
        measure_import(meter, body, folder)
    else:
        run = meter.take("read", lambda: run_models.read_run_status(body))
        local = meter.take("file", lambda: read_local(folder / "suite"))
        result = meter.take("judge", lambda: judge_run(run, local))
        if result.outcome != "passed" or len(result.steps) != STEPS:
            raise RuntimeError(f"the run did not pass: {result.why}")
    return meter.figures


def read_local(path: Path) -> LocalSuite:
    """Read the suite's file to its last reply: what nobody looks at is not read."""
    (local,) = read_suite_file(path)
    if sum(len(step.outputs) for step in local.steps) != STEPS:
        raise RuntimeError("not every reply was read")
    return local


def measure_import(meter: Meter, body: bytes, folder: Path) -> None:
    """Measure all that is done with a reply about an import."""
    status = meter.take("read", lambda: models.read_import_status(body))
    if meter.take("look", lambda: look_at_all(status)) != 2 * STEPS:
        raise RuntimeError("not every assertion was read")
    local = meter.take("file", lambda: read_local(folder / "suite"))
    findings = meter.take("structure", lambda: judge(status, expect(stream_id=STREAM)))
    findings += meter.take("drift", lambda: compare(local, status.raw["response"]))
    if findings:
        raise RuntimeError(f"the suite is not sound: {findings[0]}")


def polls() -> Iterator[tuple[str, Callable[[bytes], Any], bytes]]:
    """Give the documented replies while a job runs: their kind, what reads them, their bytes."""
    for kind, read in (("import", models.read_import_status), ("run", run_models.read_run_status)):
        yield kind, read, (SAMPLES / f"{kind}-status.in-progress.json").read_bytes()


def time_poll(read: Callable[[bytes], Any], body: bytes) -> Spread:
    """Return the milliseconds that reading one reply takes."""
    return spread([one / POLLS * 1000 for one in timeit.repeat(lambda: read(body), number=POLLS, repeat=20)])


class Line(NamedTuple):
    """One line of the table.

    Attributes:
        what: What was measured.
        case: In which process.
        names: Its figures there; their times are added up, the last one's memory counts.
        beside: The case whose reading it is compared with.
        target: At most so many times that, if there is a target.
        holds: Whether its memory is told.
    """

    what: str
    case: str
    names: tuple[str, ...]
    beside: str
    target: float | None = None
    holds: bool = True

    def weigh(self, rounds: list[dict[str, dict[str, float]]], sizes: dict[str, int]) -> tuple[Any, ...]:
        """Return the row, and a verdict on each target."""
        seconds = [sum(one[self.case][name] for name in self.names) for one in rounds]
        ratio = spread([mine / one[self.beside]["read"] for mine, one in zip(seconds, rounds, strict=True)])
        size = sizes[self.case.partition(" ")[0]]
        extra = max(one[self.case][f"{self.names[-1]} memory"] / size for one in rounds)
        milliseconds = shown(spread([1000 * one for one in seconds]), 0)
        memory = f"{extra:.1f}" if self.holds else ""
        row = (self.what, milliseconds, f"{self.beside}: read", shown(ratio, 2), memory)
        if self.target is None:
            return (row,)
        name = f"parsing, {self.what}, beside {self.beside}: read"
        verdict = Verdict(name, self.target, ratio.median, " times")
        if not self.holds:
            return row, verdict
        held = None if math.isnan(extra) else extra
        return row, verdict, Verdict(f"parsing, {self.what}, memory beside the body", MEMORY, held, " times")


LINES = (
    Line("import: json.loads", "import plain", ("read",), "import plain"),
    Line("import: plain pydantic models", "import naive", ("read",), "import plain"),
    Line("import: ours", "import ours", ("read",), "import plain", TIMES),
    Line("import: ours, all looked at", "import ours", ("read", "look"), "import plain", TIMES),
    Line("import: structure check", "import ours", ("structure",), "import ours", 1, holds=False),
    Line("the suite's file", "import ours", ("file",), "import ours", holds=False),
    Line("import: drift check", "import ours", ("drift",), "import ours", 1, holds=False),
    Line("run: json.loads", "run plain", ("read",), "run plain"),
    Line("run: ours", "run ours", ("read",), "run plain", TIMES),
    Line("run: judgement", "run ours", ("judge",), "run ours", 1, holds=False),
)


def measure_apart(case: str, folder: Path) -> dict[str, float]:
    """Measure one case in a process of its own."""
    command = [sys.executable, __file__, case, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def gather() -> tuple[dict[str, int], list[dict[str, dict[str, float]]]]:
    """Return the bytes of each file, and the figures of each round."""
    with tempfile.TemporaryDirectory(prefix="kore-bench-") as name:
        folder = Path(name)
        for file, make in (("suite", suite_file), ("import", import_reply), ("run", run_reply)):
            text = json.dumps(make(STEPS), separators=(",", ":"))
            (folder / file).write_text(text, encoding="utf-8")
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
        rounds = [{case: measure_apart(case, folder) for case in CASES} for _ in range(ROUNDS)]
    return sizes, rounds


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    sizes, rounds = gather()
    rows, verdicts = [], []
    for line in LINES:
        name, *found = line.weigh(rounds, sizes)
        rows.append(name)
        verdicts += found
    megabytes = ", ".join(f"{kind} {size / 1e6:.1f} MB" for kind, size in sorted(sizes.items()))
    head = ("what", "ms, median (quartiles)", "beside", "ratio (quartiles)", "extra memory / body")
    print_table(f"The largest suite, {STEPS} steps, {ROUNDS} rounds: {megabytes}", head, rows)
    times = {kind: time_poll(read, body) for kind, read, body in polls()}
    print_table(
        f"A reply while a job runs, {POLLS} times",
        ("kind", "ms, median (quartiles)"),
        [(kind, shown(one, 4)) for kind, one in times.items()],
    )
    verdicts += [
        Verdict(f"parsing, {kind}: a reply while it runs", POLL, one.median, " ms")
        for kind, one in times.items()
    ]
    polled = {kind: one._asdict() for kind, one in times.items()}
    save("parsing", [{"bytes": sizes, "polls_ms": polled}, *rounds], verdicts)
    return verdicts


def shown(values: Spread, digits: int) -> str:
    """Return a median with its quartiles."""
    return f"{values.median:.{digits}f} ({values.low:.{digits}f} .. {values.high:.{digits}f})"


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
    else:
        print("\n".join(map(str, main())))
