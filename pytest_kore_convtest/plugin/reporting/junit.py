"""What we tell pytest's JUnit report beside its items' own reports; the one place that knows its inside.

``_pytest.junitxml`` is private. ``tests/plugin/test_counts.py`` fails when it moves.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.text import block, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

    from _pytest.junitxml import LogXML, _NodeReporter

    from pytest_kore_convtest.plugin.report_facts import FlakyFailure
    from pytest_kore_convtest.plugin.verdict.exit_code import Gap


_NOT_VERIFIED, _VERDICT = "NotVerified", "Verdict"
"""The types of an error and a failure that no error of ours stands for."""

_NO_OUTPUT = frozenset({"no", "system-err"})
"""The values of ``junit_logging`` with which pytest writes no ``system-out`` of its own."""


class JUnitReport:
    """pytest's own JUnit report, if one is wanted.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._skipped: dict[str, _NodeReporter] = {}
        self._under_way: dict[str, pytest.TestReport] = {}

    @property
    def _junit(self) -> LogXML | None:
        from _pytest.junitxml import xml_key

        return self._config.stash.get(xml_key, None)

    def add_property(self, name: str, value: str) -> None:
        """Add a property of the whole run."""
        if (junit := self._junit) is not None:
            junit.add_global_property(name, value)

    def follow(self, report: pytest.TestReport, phase: str) -> None:
        """Note a report that JUnit has just taken in.

        Args:
            report: The report.
            phase: The phase in which an error of ours came to pass, whatever the report calls it; or empty.
        """
        junit = self._junit
        if junit is None:
            return
        if report.when == "teardown":
            self._under_way.pop(report.nodeid, None)
            return
        self._under_way[report.nodeid] = report
        kore = facts_of(report)
        for flaky in kore.get("flaky", ()):
            _add_flaky(junit.node_reporter(report), flaky)
        if report.failed and kore.get("kind"):
            _set_type(junit.node_reporter(report).nodes, kore["kind"])
        if kore.get("own") and junit.family == "xunit1" and report.location[1] is not None:
            # pytest writes it counted from 0, and everybody who reads it counts from 1.
            junit.node_reporter(report).add_attribute("line", report.location[1] + 1)
        # Of two of them GitLab takes neither, and refuses the file.
        if kore.get("conversation") and junit.logging in _NO_OUTPUT:
            _add_text(junit.node_reporter(report), "system-out", kore["conversation"])
        if report.skipped:
            self._skipped[report.nodeid] = junit.node_reporter(report)
        if report.failed and phase and phase != report.when:
            self._name_phase(junit.node_reporter(report).nodes[-1:], str(report.when), phase)

    def _name_phase(self, elements: Iterable[Element], called: str, phase: str) -> None:
        """Let the message of an error name the phase in which it came to pass."""
        for element in elements:
            message = element.get("message", "")
            if message.startswith(f"failed on {called} "):
                element.set("message", message.replace(called, phase, 1))

    def add(self, gaps: Iterable[Gap]) -> None:
        """Before the file is written: add what has no verdict as an error, an untold verdict as a failure."""
        junit = self._junit
        if junit is None:
            return
        for gap in gaps:
            found = self._skipped.get(gap.what.nodeid)
            if found is not None and "nodes" not in vars(found):  # it is finished: its XML stands
                self._replace_skipped(junit, found.to_xml(), gap)
            else:
                self._add_case(junit, gap)

    def _replace_skipped(self, junit: LogXML, case: Element, gap: Gap) -> None:
        """Make an error of a test case that was skipped."""
        for element in case.findall("skipped"):
            element.tag = "error"
            element.attrib = {"message": f"not verified: {one_line(gap.why)}", "type": _NOT_VERIFIED}
            junit.stats["skipped"] -= 1
            junit.stats["error"] += 1

    def _add_case(self, junit: LogXML, gap: Gap) -> None:
        one = gap.what
        make = partial(
            pytest.TestReport,
            nodeid=one.nodeid,
            location=(one.path, one.line, one.domain),
            keywords={},
            user_properties=list(one.properties),
        )
        failed = make(outcome="failed", longrepr=one_line(gap.why), when="call" if gap.failed else "setup")
        ended = make(outcome="passed", longrepr=None, when="teardown")
        begun = self._under_way.get(one.nodeid)
        if hasattr(begun, "node"):  # xdist's worker: JUnit finds by it what it has of the item
            for report in (failed, ended):
                vars(report)["node"] = vars(begun)["node"]
        junit.pytest_runtest_logreport(failed)
        for element in junit.node_reporter(failed).nodes[-1:]:
            element.set("message", one_line(gap.why) if gap.failed else f"not verified: {one_line(gap.why)}")
            element.set("type", _VERDICT if gap.failed else _NOT_VERIFIED)
        junit.pytest_runtest_logreport(ended)


def _set_type(elements: Iterable[Element], kind: str) -> None:
    """Name the kind of the last error, which pytest does not."""
    errors = [one for one in elements if one.tag in {"failure", "error"}]
    for element in errors[-1:]:
        element.set("type", kind)


def _add_text(case: _NodeReporter, tag: str, text: str) -> None:
    from xml.etree.ElementTree import Element

    element = Element(tag)
    element.text = text
    case.append(element)


def _add_flaky(case: _NodeReporter, flaky: FlakyFailure) -> None:
    """Add a failure of a passed test case, in the form that Maven Surefire writes."""
    from xml.etree.ElementTree import Element, SubElement

    kind = "ConversationFailedError"
    element = Element("flakyFailure", message=one_line(flaky["message"]), type=kind)
    SubElement(element, "stackTrace").text = block(f"{kind}: {flaky['text']}")
    SubElement(element, "system-out").text = one_line(flaky["run"])
    case.append(element)
