"""What the coverage of a large bot takes, in time and in memory, beside parsing the same results alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Verdict, peak, print_table, save, spread

from pytest_kore_convtest.coverage.definition import read_definition
from pytest_kore_convtest.coverage.graph import read_bot
from pytest_kore_convtest.coverage.measure import measure
from pytest_kore_convtest.coverage.visits import read_run

RUNS, STEPS, NODES, ROUNDS = 1_000, 100, 5_000, 3
SECONDS, MEGABYTES = 5.0, 200.0
"""At most: reading the bot and all results, and measuring; the memory beyond what the imports take."""

KINDS = (
    ("50 dialogs, results name nodes", "nodes", 50),
    ("50 dialogs, and transitions", "transitions", 50),
    ("5 dialogs, results name nodes", "nodes", 5),
)


def make_definition(count: int) -> dict[str, object]:
    """Return the export of a bot in which ways part and meet again, and dialogs call each other."""
    components: list[dict[str, object]] = []
    dialogs, last = [], NODES // count - 1
    for at in range(count):
        key = f"d{at:02}"
        components.append({"_id": f"dc-{key}", "type": "intent", "name": key, "dialogId": f"dg-{key}"})
        nodes = [make_node("intent0", "intent", f"dc-{key}", ["n1"])]
        for one in range(1, last):
            components.append({"_id": f"dc-{key}-{one}", "type": "entity", "name": f"Node {one}"})
            targets = [f"n{one + 1}", f"n{one * 7 % (last - 1) + 1}"]
            nodes.append(make_node(f"n{one}", "entity", f"dc-{key}-{one}", targets))
        nodes.append(make_node(f"n{last}", "intent", f"dc-d{(at + 1) % count:02}", ["end"]))
        dialogs.append({"_id": f"dg-{key}", "localeData": {"en": {"name": f"Dialog {at}"}}, "nodes": nodes})
    return {"dialogs": dialogs, "dialogComponents": components}


def make_node(key: str, kind: str, component: str, targets: list[str]) -> dict[str, object]:
    """Return a node."""
    transitions = [{"if": {}, "then": to} for to in targets[:-1]] + [{"default": to} for to in targets[-1:]]
    return {"nodeId": key, "type": kind, "componentId": component, "transitions": transitions}


def make_results(run: int, told: str, count: int) -> str:
    """Return what the platform says of a run, as JSON: it goes through two dialogs, node after node."""
    results, last = [], NODES // count - 1
    for step in range(STEPS):
        node, key = (run * 31 + step) % last + 1, f"d{(run + step // 50) % count:02}"
        reply: dict[str, object] = {"text": f"reply {step}", "nodeId": f"n{node}", "nodeName": f"Node {node}"}
        reply |= {"taskId": f"dg-{key}", "intentId": f"dc-{key}", "dialogName": f"Dialog {int(key[1:])}"}
        if told == "transitions":
            reply |= {
                "transitions": [f"n{node - 1}" if node > 1 else "intent0", f"n{node}"],
                "transitionNodeNames": ["", ""],
            }
        results.append({"input": f"input {step}", "actualOutput": [reply], "outputs": [reply]})
    return json.dumps(results)


def measure_alone(told: str, dialogs: int) -> dict[str, float]:
    """Return what a process of its own has measured."""
    words = [sys.executable, __file__, told, str(dialogs)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def work(told: str, dialogs: int) -> dict[str, float]:
    """Return the seconds of each part, and the megabytes that all of it took at most."""
    parts = dict.fromkeys(("parse", "read", "measure"), 0.0)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bot.json"
        path.write_text(json.dumps(make_definition(dialogs)), encoding="utf-8")
        before = peak(forget=True)  # a child begins with the peak of who started it
        begin = time.process_time()
        bot = read_bot(read_definition(path))
        parts["measure"] += time.process_time() - begin
    conversations = []
    for run in range(RUNS):
        text = make_results(run, told, dialogs)
        begin = time.process_time()
        results = json.loads(text)
        parsed = time.process_time()
        steps = [(number, result["input"], result) for number, result in enumerate(results, start=1)]
        conversations.append(read_run(f"SUITE {run}", steps))
        parts["parse"] += parsed - begin
        parts["read"] += time.process_time() - parsed
    begin = time.process_time()
    found = measure(conversations, bot)
    parts["measure"] += time.process_time() - begin
    if found["totals"]["own"]["nodes"] != {"total": NODES, "covered": NODES} or found["not_matched"]:
        raise SystemExit(f"not what was to be measured: {found['totals']['own']}")
    return {**parts, "megabytes": (peak() - before) / 1024**2}


def main() -> list[Verdict]:
    """Measure, print, and return what holds."""
    shown, rows, verdicts = [], [], []
    for what, told, dialogs in KINDS:
        children = [measure_alone(told, dialogs) for _ in range(ROUNDS)]
        found = {part: spread([child[part] for child in children]) for part in children[0]}
        ours = spread([child["read"] + child["measure"] for child in children])
        ratio = spread([(child["read"] + child["measure"]) / child["parse"] for child in children])
        parts = [f"{found[part].median:.2f}" for part in ("parse", "read", "measure")]
        shown.append((what, *parts, f"{ratio.median:.1f}", f"{found['megabytes'].median:.0f}"))
        rows.append({"what": what, **found, "ratio": ratio})
        verdicts.append(Verdict(f"coverage, {what}", SECONDS, ours.median, " s"))
        verdicts.append(Verdict(f"coverage, {what}, memory", MEGABYTES, found["megabytes"].median, " MB"))
    head = ("bot and results", "parse the JSON", "read", "measure", "both / parse", "MB")
    title = (
        f"Coverage of {RUNS:,} runs of {STEPS} steps, a bot of {NODES:,} nodes: s of processor time, median"
    )
    print_table(title, head, shown)
    save("bot_coverage", rows, verdicts)
    return verdicts


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(work(sys.argv[1], int(sys.argv[2]))))
    else:
        print("\n".join(map(str, main())))
