"""What we add to the results of Allure: statuses, labels, the conversation, and a history that no id breaks.

Loaded only where ``allure-pytest`` writes results. It goes through public hooks: Allure's ``report_result``
hands every result over before it is written. When this module fails, Allure's result is written as it was.
"""

from __future__ import annotations

import hashlib
import importlib
import time
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pluggy

from pytest_kore_convtest.plugin.own_items import KNOWN, OwnItem, wanted_jobs
from pytest_kore_convtest.plugin.report_facts import facts_of, is_ours
from pytest_kore_convtest.text import block, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pytest

    from pytest_kore_convtest.plugin.report_facts import FlakyFailure
    from pytest_kore_convtest.plugin.reporting.allure_model import (
        Details,
        Label,
        Model,
        Parameter,
        Result,
        Step,
    )
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.plugin.verdict.exit_code import Gap
    from pytest_kore_convtest.reports.record import Reply, StepRecord

PLUGIN_NAME = "kore-allure"

_PASSED, _FAILED, _BROKEN, _SKIPPED = "passed", "failed", "broken", "skipped"
_FLAKY = " (flaky: this is how it failed)"
_UNCHECKED = " (nothing of it was checked)"
_SUITES = frozenset({"parentSuite", "suite", "subSuite"})
_STATUS, _GROUP = "kore_import_status", "xdist_group("
_MOST_STEPS, _MOST_REPLIES = 6, 10
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_STORY = 200, 2_000, 20_000

_allure = pluggy.HookimplMarker("allure")


class _Document(NamedTuple):
    """A text that is attached to a result."""

    name: str
    text: str
    mime: str
    ending: str


def follow(run: Run) -> None:
    """Add to Allure's results from now on."""
    plugins = run.config.pluginmanager
    if plugins.has_plugin(PLUGIN_NAME):
        return
    try:
        made = AllureResults(run)
        made.listen()
    except Exception as bad:  # noqa: BLE001 - whatever it is, the tests are to run
        _tell(run, bad)
        return
    plugins.register(made, PLUGIN_NAME)
    run.config.add_cleanup(made.stop)


def add_gaps(run: Run, gaps: Iterable[Gap]) -> None:
    """Write a result of its own for what has no verdict, or one that no item shows."""
    follow(run)
    found: object = run.config.pluginmanager.get_plugin(PLUGIN_NAME)
    if isinstance(found, AllureResults):
        try:
            for gap in gaps:
                found.add(gap)
        except Exception as bad:  # noqa: BLE001 - the other reports are still to be written
            _tell(run, bad)


class AllureResults:
    """Add what we know to the results of Allure.

    Args:
        run: The run of this process.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._model: Model = importlib.import_module("allure_commons.model2")
        self._plugins: pluggy.PluginManager = importlib.import_module("allure_commons").plugin_manager
        self._reports: list[pytest.TestReport] = []
        self._is_adding = False

    def listen(self) -> None:
        """Ask Allure for its results."""
        self._plugins.register(self)

    def stop(self) -> None:
        """Ask it no more."""
        self._plugins.unregister(self)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the reports of the item under way: by now they say what they mean."""
        if self._reports and self._reports[0].nodeid != report.nodeid:
            self._reports.clear()
        self._reports.append(report)

    @_allure(tryfirst=True)
    def report_result(self, result: Result) -> None:
        """Change a result before it is written; one of ours has no item."""
        reports, self._reports = self._reports, []
        item = self._run.item
        if item is None or self._is_adding:
            return
        reports = [one for one in reports if one.nodeid == item.nodeid]
        if not isinstance(item, OwnItem) and not any(is_ours(facts_of(one)) for one in reports):
            return
        try:
            self._change(result, item, reports)
        except Exception as bad:  # noqa: BLE001 - Allure's result stays as it was
            _tell(self._run, bad)

    def _change(self, result: Result, item: pytest.Item, reports: Sequence[pytest.TestReport]) -> None:
        """Find everything out first, and change the result at the end: it is changed as a whole or not."""
        status, details = self._judge(result, item, reports)
        flaky = [one for report in reports for one in facts_of(report).get("flaky", ())]
        documents = [*_write_failures(flaky)]
        steps: list[Step] = []
        for records, at in self._conversations(item):
            whole = at < 0
            documents.append(_write_document(records, len(records) - 1 if whole else at, whole=whole))
            steps += [] if whole else self._make_steps(records, at, result.start)
        labels = self._make_labels(result, item)
        parameters, history = self._make_parameters(result, item)
        own = _parts_of(item) if isinstance(item, OwnItem) else []
        attachments = [self._attach(one) for one in documents]
        result.status, result.statusDetails = status, details
        result.labels, result.parameters, result.historyId = labels, parameters, history
        result.steps, result.attachments = steps + result.steps, attachments + result.attachments
        if own:  # older releases leave the suite out of the name; the docstring is one of ours
            result.fullName, result.description = _full_name(own), None
            result.testCaseId = result.historyId = _identify(own)
            _set_times(result, reports)

    # Status

    def _judge(
        self, result: Result, item: pytest.Item, reports: Sequence[pytest.TestReport]
    ) -> tuple[str | None, Details | None]:
        """Return the status and its details: FAILED is failed, ERROR is broken."""
        bad = [one for one in reports if one.outcome not in {"passed", "skipped"}]
        bad.sort(key=lambda one: one.when != "call")
        if bad:
            details = self._model.StatusDetails(message=_brief(bad[0]), trace=bad[0].longreprtext)
            if isinstance(item, OwnItem) or facts_of(bad[0]).get("ours"):
                return _FAILED if bad[0].when == "call" else _BROKEN, details
            return result.status, details
        skipped = [one for one in reports if one.skipped]
        if skipped:
            details = self._model.StatusDetails(message=_brief(skipped[0]))
            details.known = facts_of(skipped[0]).get("skip") == KNOWN or None
            return _SKIPPED, details
        if isinstance(item, OwnItem) and not any(one.when == "call" for one in reports):
            return _BROKEN, self._model.StatusDetails(message="not verified: the run ended before it")
        flaky = [one for report in reports for one in facts_of(report).get("flaky", ())]
        if flaky:
            said = "; ".join(f"{one_line(one['run'])}: {one_line(one['message'])}" for one in flaky)
            return result.status, self._model.StatusDetails(flaky=True, message=f"flaky: {said}")
        return result.status, result.statusDetails

    # The conversation

    def _conversations(self, item: pytest.Item) -> Iterator[tuple[list[StepRecord], int]]:
        """Yield the steps of the suites that an item ran, and the 0-based one that it judges, or -1."""
        from pytest_kore_convtest.jobs.suite_run import SuiteRun

        number = item.number if isinstance(item, OwnItem) else 0
        heads = [job.head for job in self._run.jobs_of(item, set()) if isinstance(job, SuiteRun)]
        for job in dict.fromkeys(heads):
            steps = self._run.results.describe_steps(job) if job.outcome is not None else []
            if any(one["replies"] for one in steps) and number <= len(steps):
                yield steps, number - 1

    def _make_steps(self, steps: list[StepRecord], at: int, moment: int | None) -> list[Step]:
        """Make steps of the last exchanges up to a step: what the user said, and below it the bot."""
        made = []
        for one in steps[max(0, at + 1 - _MOST_STEPS) : at + 1]:
            said = f"event: {one['event']}" if one["event"] else f"user: {one['input']}"
            said += _FLAKY if one["outcome"] == "flaky" else _UNCHECKED if one["unchecked"] else ""
            replies = [
                self._make_reply(reply, failed=one["outcome"] in {_FAILED, "flaky"}, moment=moment)
                for reply in one["replies"][:_MOST_REPLIES]
            ]
            made.append(self._make_step(said, _status_of(one), moment, steps=replies))
        return made

    def _make_reply(self, reply: Reply, *, failed: bool, moment: int | None) -> Step:
        from pytest_kore_convtest.reports.failures import is_wrong

        wrong = failed and is_wrong(reply)
        said = "no reply of the bot" if reply["actual"] is None else f"bot: {reply['actual']}"
        if not wrong:
            return self._make_step(said, _PASSED, moment)
        sides = [("expected", text) for text in reply["expected"]] or [("expected", "no reply")]
        sides.append(("actual", "no reply" if reply["actual"] is None else reply["actual"]))
        sides += [
            ("failed assertion", one["kind"]) for one in reply["assertions"] if one["status"] == _FAILED
        ]
        parameters = [
            self._model.Parameter(name=name, value=block(text, _LONGEST_TEXT)) for name, text in sides
        ]
        return self._make_step(said, _FAILED, moment, parameters=parameters)

    def _make_step(self, said: str, status: str, moment: int | None, **more: Sequence[object]) -> Step:
        name = printable(said, _LONGEST_NAME)
        return self._model.TestStepResult(name=name, status=status, start=moment, stop=moment, **more)

    def _attach(self, document: _Document) -> object:
        """Let Allure write a text."""
        name = f"{uuid4()}-attachment.{document.ending}"
        self._plugins.hook.report_attached_data(body=document.text, file_name=name)
        return self._model.Attachment(source=name, name=document.name, type=document.mime)

    # Labels and parameters

    def _make_labels(self, result: Result, item: pytest.Item) -> list[Label]:
        """Return the labels: the suite's file, name and tags, the bot and the target, beside Allure's own."""
        settings = self._run.settings
        suite = item.suite if isinstance(item, OwnItem) else None
        host = (settings.host or "").partition("://")[2]
        stream, target = settings.stream_id or "", settings.target or host
        if settings.emulator:
            stream = target = "emulator"
        wanted = [("bot", suite.bot_id if suite and suite.bot_id else stream), ("target", target)]
        kept = list(result.labels)
        if suite is not None:
            kept = [one for one in kept if one.name not in _SUITES and not one.value.startswith(_GROUP)]
            file, *names, _ = _parts_of(item)
            wanted += [("parentSuite", file), ("suite", " > ".join(names))]
            wanted += [("tag", tag) for tag in suite.tags]
        known = {(one.name, one.value) for one in kept}
        new = [(name, printable(value, _LONGEST_NAME)) for name, value in wanted]
        return kept + [
            self._model.Label(name=name, value=value)
            for name, value in dict.fromkeys(new)
            if value and (name, value) not in known
        ]

    def _make_parameters(self, result: Result, item: pytest.Item) -> tuple[list[Parameter], str | None]:
        """Return the parameters and the history id: what changes from run to run does not count in it."""
        kept, history = list(result.parameters), result.historyId
        ids = wanted_jobs(item, self._run.settings)
        labels = {job.id: job.label for job in self._run.settings.ds_id}
        if any(one.name == _STATUS for one in kept) and ids:
            kept = [one for one in kept if one.name != _STATUS]
            kept.append(self._model.Parameter(name=_STATUS, value=labels[ids[0]]))
            counted = sorted((one.name, str(one.value)) for one in kept if not one.excluded)
            history = _digest(str(result.fullName), *(value for _, value in counted))
        kept += [
            self._model.Parameter(name=name, value=block(str(value), _LONGEST_TEXT), excluded=True)
            for name, value in item.user_properties
            if isinstance(item, OwnItem) or name.startswith("kore_")
        ]
        return kept, history

    # What no item shows

    def add(self, gap: Gap) -> None:
        """Write a result for a gap; Allure takes it for a later try of the item's own, if there is one."""
        path, *suites, name = parts = _split(_ungroup(gap.what.nodeid, self._run.config))
        identity = _identify(parts)
        why = one_line(gap.why) if gap.failed else f"not verified: {one_line(gap.why)}"
        labels = [("parentSuite", path if suites else ""), ("suite", " > ".join(suites) or path)]
        moment = int(time.time() * 1000)
        result = self._model.TestResult(
            uuid=str(uuid4()),
            name=name,
            fullName=_full_name(parts),
            historyId=identity,
            testCaseId=identity,
            status=_FAILED if gap.failed else _BROKEN,
            statusDetails=self._model.StatusDetails(message=why),
            labels=[
                self._model.Label(name=name, value=value)
                for name, value in [*labels, ("framework", "pytest")]
                if value
            ],
            start=moment,
            stop=moment,
        )
        if hasattr(result, "titlePath"):  # by which later releases draw their tree
            result.titlePath = [*path.split("/"), *suites]
        self._is_adding = True
        try:
            self._plugins.hook.report_result(result=result)
        finally:
            self._is_adding = False


def _tell(run: Run, bad: Exception) -> None:
    """Say once that something is missing in Allure's results."""
    said = (
        f"Allure's results lack what Kore adds to them ({printable(f'{type(bad).__name__}: {bad}', 300)})."
        " The verdict is not touched; please file this as a bug."
    )
    run.notes += [said] if said not in run.notes else []


def _parts_of(item: pytest.Item) -> list[str]:
    """Return the parts of an item's node id, to whose end xdist may have written a group."""
    return [*(item.parent.nodeid.split("::") if item.parent else ()), item.name]


def _ungroup(nodeid: str, config: pytest.Config) -> str:
    """Return a node id without the group that xdist writes to its end."""
    if getattr(config.option, "dist", "") != "loadgroup" or "@" not in nodeid:
        return nodeid
    return nodeid.rpartition("@kore-" if "@kore-" in nodeid else "@")[0]


def _split(nodeid: str) -> list[str]:
    """Return the parts of a node id: a file, perhaps suites, and a name."""
    parts = nodeid.split("::")
    return parts if len(parts) > 1 else [nodeid, nodeid]


def _full_name(parts: Sequence[str]) -> str:
    """Return what Allure's later releases call an item's full name: the same in every run."""
    path, *suites, name = parts
    return f"{'.'.join([path.rsplit('.', 1)[0].replace('/', '.'), *suites])}#{name}"


def _identify(parts: Sequence[str]) -> str:
    """Return the id of an item's history; a full name may be that of two items: a.b.kore.json, a/b.kore.yaml.

    A result with the id of another one would be taken for its next try, and hide it.
    """
    return _digest(_full_name(parts) if parts[0].endswith(".py") else "::".join(parts))


def _digest(*texts: str) -> str:
    """Return a text that is the same for the same texts, in the way in which Allure makes it."""
    return hashlib.md5("".join(texts).encode(), usedforsecurity=False).hexdigest()


def _brief(report: pytest.TestReport) -> str:
    """Say in a line or a few why a report is no pass."""
    if hasattr(report, "wasxfail"):
        return block(f"XFAIL {report.wasxfail}".rstrip())
    if isinstance(report.longrepr, tuple):
        return block(str(report.longrepr[2]).removeprefix("Skipped: "))
    crash = getattr(report.longrepr, "reprcrash", None)
    return block(str(crash.message if crash else report.longreprtext), _LONGEST_STORY)


def _set_times(result: Result, reports: Iterable[pytest.TestReport]) -> None:
    """Let a result last as long as its item: Allure counts the call, and what we do is wait in the setup."""
    times = [(one.start, one.stop) for one in reports if one.when != "teardown" and one.start]
    if times:
        result.start = round(1000 * min(start for start, _ in times))
        result.stop = round(1000 * max(stop for _, stop in times))


def _status_of(step: StepRecord) -> str:
    if step["outcome"] == _FAILED:
        return _SKIPPED if step["known"] else _FAILED
    return _PASSED if step["outcome"] in {"passed", "flaky"} else _SKIPPED


def _write_failures(flaky: Iterable[FlakyFailure]) -> Iterator[_Document]:
    for one in flaky:
        yield _Document(f"failed in {one_line(one['run'])}", block(one["text"]), "text/plain", "txt")


def _write_document(steps: list[StepRecord], at: int, *, whole: bool) -> _Document:
    """Write a conversation up to a step, or whole."""
    from pytest_kore_convtest.reports.conversation import write_conversation

    most = len(steps) if whole else _MOST_STEPS
    text = write_conversation(steps, at, most=most, longest=_LONGEST_TEXT)
    return _Document("conversation", f"{text}\n", "application/yaml", "yaml")
