"""Suites divided over several machines: each suite is one machine's, and nothing is lost between two."""

import json
import random

import pytest
from fork_server import run_module
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.plugin.items.shards import divide
from pytest_kore_convtest.settings.values import Shard
from tests.plugin.test_runs import XDIST, done, told

NAMES = ("ALPHA", "BRAVO", "CHARLIE", "DELTA", "ECHO")
DROPS = """
import os, pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    '''Divide the items as the plugins do that know nothing of suites: every second one.'''
    part = int(os.environ["PART"])
    gone = [item for at, item in enumerate(items) if at % 2 != part]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)
"""


def write(path, name, steps=2):
    """Write a suite file with a number of steps."""
    said = [{"input": "Start", "event": "Start"}, *({"input": f"say {at}"} for at in range(1, steps))]
    messages = [{**one, "outputs": [{"contains": f"reply {at}"}]} for at, one in enumerate(said)]
    text = json.dumps({"testCases": [{"name": name, "messages": messages}]})
    (path / f"{name.lower()}.kore.json").write_text(text)


@pytest.fixture
def start(run, pytester, account):
    """Run five suites; arguments follow."""
    pytester.makeini("[pytest]")
    for at, name in enumerate(NAMES):
        write(pytester.path, name, steps=at + 2)

    def begin(*args):
        return run("-v", "-rs", *args)

    return begin


def suites(result):
    """Return how many items each suite had, by its name."""
    found = {}
    for nodeid in told(result):
        name = nodeid.partition("::")[0]
        found[name] = found.get(name, 0) + 1
    return found


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 50), max_size=20), st.integers(1, 7))
def test_every_suite_is_exactly_one_machines(steps, of):
    """Whatever there is, each suite is on one machine, in whatever order a machine has found them."""
    parts = [divide(steps, Shard(number, of)) for number in range(1, of + 1)]
    assert sorted(name for part in parts for name in part) == sorted(steps)
    shuffled = list(steps.items())
    random.Random(1).shuffle(shuffled)  # noqa: S311 - only another order
    assert [divide(dict(shuffled), Shard(number, of)) for number in range(1, of + 1)] == parts


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 7))
def test_the_steps_are_balanced(sizes, of):
    """No machine has more steps than the fewest and the largest suite together; none is idle needlessly."""
    steps = {f"{at}": size for at, size in enumerate(sizes)}
    parts = [divide(steps, Shard(number, of)) for number in range(1, of + 1)]
    loads = [sum(steps[name] for name in part) for part in parts]
    assert max(loads) - min(loads) <= max(sizes)
    assert sum(map(bool, parts)) == min(of, len(sizes))


def test_the_machines_together_do_everything_once(start, plugin_args, account):
    """Two machines run every suite once, with all its items; the closing line names the part."""
    seen, items = [], {}
    for number in (1, 2):
        result = start("--kore-run=inDevelopment", f"--kore-shard={number}/2", *plugin_args)
        assert result.code == 0
        assert not set(suites(result)) & set(seen)
        seen += suites(result)
        items |= suites(result)
        assert result.closing[-1].endswith(f"; shard {number} of 2: {len(suites(result))} of 5 suites")
        if not plugin_args:
            assert result.counts["deselected"] == sum(4 + NAMES.index(name) + 2 for name in NAMES) - sum(
                suites(result).values()
            )
    assert items == {name: 4 + at + 2 for at, name in enumerate(NAMES)}
    assert (done(account).count("import"), done(account).count("run")) == (5, 5)


def test_other_tests_are_on_every_machine(start, pytester):
    """What is no suite is not divided."""
    pytester.makepyfile("def test_plain(): pass")
    for number in (1, 2):
        result = start("-k", "plain or ALPHA", f"--kore-shard={number}/2")
        assert any("test_plain PASSED" in line for line in result.lines)


def test_what_is_not_selected_is_not_divided(start):
    """-k comes first: of two suites that are left each of two machines has one."""
    parts = [suites(start("-k", "ALPHA or ECHO", f"--kore-shard={number}/2")) for number in (1, 2)]
    assert parts == [{"ECHO": 3}, {"ALPHA": 3}]


def test_more_machines_than_suites(start, pytester, plugin_args):
    """A machine without a suite is red, says why, and its report says which one it was."""
    more = ("-k", "ALPHA or ECHO", "--kore-shard=3/3", "--kore-json=r.json")
    result = start(*more, *plugin_args)
    assert result.code == 1
    why = "because only 2 suites are selected: use at most 2 shards"
    assert result.closing == [f"kore: NOT VERIFIED: shard 3 of 3 has no suite, {why}"]
    record = json.loads((pytester.path / "r.json").read_text())
    assert record["verdict"] == "unknown"
    assert record["evidence"][0]["shard"]["number"] == 3
    assert start(*more, "--collect-only", *plugin_args).code == 5


def test_nothing_to_divide(run, pytester, account):
    """Where there is no suite at all, other tests are as they are without."""
    pytester.makepyfile("def test_plain(): pass")
    assert run("--kore-shard=2/4").code == 0


@pytest.mark.parametrize(
    "text", ["0/4", "5/4", "2", "a/b", "1/0", "1 / 2", "-1/2", "1/2/3", "/2", "1/", "1/²"]
)
def test_what_is_no_shard(start, text):
    """Anything but a number and how many there are is refused in one sentence."""
    result = start(f"--kore-shard={text}")
    assert result.code == 4
    assert (
        f"--kore-shard (from command line): '{text}' is no shard: write its number, from 1, and how many"
        in result.text
    )


@pytest.mark.parametrize("args", [("--lf",), ("--sw",)])
def test_what_selects_by_this_machines_memory_is_refused(start, args):
    """Each machine remembers other failures, so that a suite could be on no machine."""
    result = start("--kore-shard=1/2", *args)
    assert result.code == 4
    assert "and a suite could be on none: leave one of them out" in result.text


@pytest.mark.parametrize(
    ("option", "plugin"), [("--splits", "pytest-split"), ("--num-shards", "pytest-shard")]
)
def test_a_second_divider_is_refused(start, pytester, option, plugin):
    """Two dividers at once would leave suites to no machine."""
    pytester.makeconftest(f"def pytest_addoption(parser): parser.addoption({option!r}, type=int)")
    result = start("--kore-shard=1/2", option, "2")
    assert result.code == 4
    assert f"--kore-shard (from command line): {plugin} divides all tests" in result.text


def test_what_concerns_all_suites_is_judged_on_every_machine(start, pytester):
    """Two suites of one name are found though they are on two machines; each is stored under its own name."""
    write(pytester.path, "ALPHA2")
    text = (pytester.path / "alpha2.kore.json").read_text().replace('"ALPHA2"', '"ALPHA"')
    (pytester.path / "alpha2.kore.json").write_text(text)
    more = ("-k", "ALPHA", "-o", "kore_rules=duplicate-suite=error", "--kore-import-name={name}")
    stored = []
    for number in (1, 2):
        result = start(*more, "--kore-keep=always", f"--kore-shard={number}/2", "--kore-json=r.json")
        (suite,) = json.loads((pytester.path / "r.json").read_text())["suites"]
        stored.append((suite["imported"]["given_name"], result.code))
    # Lint says it of the second file, wherever the first one is.
    assert sorted(stored) == [("ALPHA", 0), ("ALPHA (2)", 1)]


def test_the_record_tells_the_shard(start, pytester):
    """The evidence says which part it is, and all machines give the same digest of what they shared."""
    shards = []
    for number in (1, 2):
        start(f"--kore-shard={number}/2", "--kore-json=r.json")
        (evidence,) = json.loads((pytester.path / "r.json").read_text())["evidence"]
        shards.append(evidence["shard"])
    assert [(one["number"], one["of"], one["suites"]) for one in shards] == [(1, 2, 5), (2, 2, 5)]
    assert shards[0]["digest"] == shards[1]["digest"] != ""
    start("--kore-json=r.json", "-k", "ALPHA")
    assert json.loads((pytester.path / "r.json").read_text())["evidence"][0]["shard"] is None


@pytest.mark.parametrize(
    "more", [("-m", "not kore_live"), ("-k", "import"), ("--deselect=echo.kore.json::ECHO::run",)]
)
def test_a_machine_that_left_something_out_is_told(start, pytester, more):
    """The same suites with other tests of them selected are no whole: what was left out ran nowhere."""
    assert start("--kore-run=inDevelopment", "--kore-shard=1/2", "--kore-json=1.json").code == 0
    assert start("--kore-run=inDevelopment", "--kore-shard=2/2", "--kore-json=2.json", *more).code == 0
    words = ("report", "1.json", "2.json", "--json", "whole.json")
    code, _, said = run_module("pytest_kore_convtest", *words, cwd=pytester.path)
    assert code == 1
    assert "the 2 shards did not share the same suites, or not the same tests of them" in said
    assert json.loads((pytester.path / "whole.json").read_text())["verdict"] == "unknown"


@pytest.mark.parametrize("more", [(), XDIST])
def test_a_known_failure_is_that_of_one_suite_wherever_the_others_are(start, pytester, account, more):
    """An entry accepts on each machine what it accepts where all suites are: of namesakes its file."""
    write(pytester.path, "ALPHA2")
    text = (pytester.path / "alpha2.kore.json").read_text().replace('"ALPHA2"', '"ALPHA"')
    (pytester.path / "alpha2.kore.json").write_text(text)
    account.bot({"say 1": ["wrong"]})
    entry = {"suite": "ALPHA", "step": 2, "input": "say 1", "reason": "T-7", "until": "2099-03-31"}
    codes = {}
    for file in ("", "alpha.kore.json", "alpha2.kore.json"):
        accepted = [{**entry, "file": file} if file else entry]
        known = {"format": "pytest-kore-convtest baseline", "version": 1, "accepted": accepted}
        (pytester.path / "known.json").write_text(json.dumps(known))
        for number in (1, 2):
            chosen = (
                "-k",
                "ALPHA",
                f"--kore-shard={number}/2",
                "--kore-baseline=known.json",
                "-o",
                "kore_rules=duplicate-suite=off",
            )
            result = start("--kore-run=inDevelopment", *chosen, *more)
            codes[file, number] = result.code
            told = "or another machine has a suite of its name: write its path into its file" in result.text
            assert told == (file == "" and number == 1)
    assert codes == {
        ("", 1): 1,
        ("", 2): 1,
        ("alpha.kore.json", 1): 0,
        ("alpha.kore.json", 2): 1,
        ("alpha2.kore.json", 1): 1,
        ("alpha2.kore.json", 2): 0,
    }


def test_suites_of_other_machines_are_not_missed(start):
    """Compared with a run of all suites, a machine does not call those of the others gone."""
    start("--kore-json=whole.json")
    result = start("--kore-shard=1/2", "--kore-baseline=whole.json")
    assert result.code == 0
    assert "gone" not in result.text
    result = start("-k", "ALPHA", "--kore-baseline=whole.json")
    assert "gone" in result.text


def test_a_machine_keeps_to_its_part_of_the_limits(start, pytester):
    """Without a word about it the part is that of the machine; a part that is given wins."""
    shares = []
    for more in (("--kore-shard=1/4",), ("--kore-shard=1/4", "-o", "kore_rate_share=1/3"), ()):
        start(*more, "-k", "none-of-them", "--kore-json=r.json")
        (evidence,) = json.loads((pytester.path / "r.json").read_text())["evidence"]
        told = {one["name"]: (one["value"], one["source"]) for one in evidence["settings"]}
        shares.append(told["kore_rate_share"])
    assert shares == [("0.25", "command line"), ("0.333333333333333", "command line"), ("1", "default")]


def test_a_refusal_slows_a_machine_down(start, account):
    """Where the limits are exceeded in spite of it, the machine waits and is green."""
    account.fail_next(429, times=1, retry_after=0)
    result = start("--kore-run=inDevelopment", "--kore-shard=1/5")
    assert result.code == 0
    assert 429 in [one.status for one in account.requests]
    assert done(account).count("import") == 1


def test_the_number_of_machines_is_bounded(start):
    """A slip of the finger does not take the memory."""
    ended = start("--kore-shard=1/100000")
    assert ended.code == 4
    assert "'1/100000' is of more than 1000 machines: use fewer" in ended.text


@pytest.mark.parametrize("text", ["0", "1/0", "0/4", "5/4", "2", "1/4/4", "-1/4", "x"])
def test_what_is_no_part(start, text):
    """A part above 0 and up to 1 is wanted; anything else is refused in one sentence."""
    result = start("-o", f"kore_rate_share={text}")
    assert result.code == 4
    assert f"-o kore_rate_share (from command line): '{text}' is no " in result.text


@pytest.mark.parametrize("more", [(), XDIST])
def test_a_divider_that_knows_nothing_of_suites(start, pytester, account, monkeypatch, more):
    """Steps of a suite on two machines: each does its job once, is red, and says what is elsewhere."""
    pytester.makeconftest(DROPS)
    for part in "01":
        account.reset()
        account.bot({"say 1": ["wrong"]})
        monkeypatch.setenv("PART", part)
        result = start("--kore-run=inDevelopment", "-k", "BRAVO", *more)
        assert result.code == 1
        assert (done(account).count("import"), done(account).count("run")) == (1, 1)
        assert "1 FAILED" in result.closing[-1]
        assert " of 3 steps deselected here" in result.closing[-1]
