"""What editors ask of items: levels of the tree, a line for each, and ids with which one can be run alone."""

import json

import pytest

# As editors look at items: files and classes are levels, and nothing else is.
DRAW = """
    import json, pathlib, pytest

    LEVELS = (pytest.File, pytest.Class)

    def pytest_collection_finish(session):
        drawn = [
            {
                "levels": [node.name for node in item.listchain() if isinstance(node, LEVELS)],
                "parent": isinstance(item.parent, LEVELS),
                "name": item.name,
                "file": str(item.path),
                "reported": [str(item.reportinfo()[0]), item.reportinfo()[1]],
                "line": item.location[1] + 1,
                "id": "::".join([str(item.path), *item.nodeid.split("::")[1:]]),
                "parametrized": hasattr(item, "callspec"),
            }
            for item in session.items
        ]
        pathlib.Path(__file__).with_name("drawn.json").write_text(json.dumps(drawn))
    """

JSON_SUITES = """\
{"testCases": [
  {"name": "A", "messages": [
    {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hi."}]},
    {"input": "quote", "outputs": [{"contains": "Which city?"}]}]},
  {"name": "say \\"it's\\" [x] (a.b) a::b \u00e4", "messages": [
    {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hi."}]},
    {"input": "[1] a::b 'c' \\"d\\" /e f. \u65e5\u672c", "outputs": [{"contains": "Good."}]}]}
]}
"""
ODD = 'say "it\'s" (x) (a.b) a b \u00e4'

YAML_SUITES = """\
suites:
  - name: Y
    steps:
      - event: Start_Flow
        bot: Hi.
      - user: quote
        bot: Which city?
"""


@pytest.fixture
def draw(pytester, run, account):
    """Write suite files, collect them as an editor does, and return what it draws."""
    suites = pytester.mkdir("suites")
    (suites / "a.kore.json").write_text(JSON_SUITES, encoding="utf-8")
    (suites / "y.kore.yaml").write_text(YAML_SUITES, encoding="utf-8")
    pytester.makeini("[pytest]")
    pytester.makeconftest(DRAW)

    def collect(*args):
        result = run("--collect-only", f"--rootdir={pytester.path}", "--kore-run=inDevelopment", *args)
        assert result.code == 0, result.text
        return json.loads((pytester.path / "drawn.json").read_text("utf-8"))

    return collect


def test_each_suite_is_a_level_between_its_file_and_its_items(draw):
    """An editor that draws files and classes draws file, suite, item, and nothing twice."""
    drawn = draw("suites")
    assert {tuple(one["levels"]) for one in drawn} == {
        ("a.kore.json", "A"),
        ("a.kore.json", ODD),
        ("y.kore.yaml", "Y"),
    }
    assert all(one["parent"] for one in drawn)
    assert len({one["id"] for one in drawn}) == len({(*one["levels"], one["name"]) for one in drawn}) == 18


def test_no_editor_takes_an_item_for_a_parametrized_function(draw):
    """No item has what parametrized functions have, and no name has their brackets."""
    drawn = draw("suites")
    assert not [one for one in drawn if one["parametrized"] or "[" in one["name"]]


def test_each_item_stands_in_its_line_of_the_suite_file(draw, pytester):
    """Steps name their own line, the other items that of their suite."""
    drawn = draw("suites")
    lines = {(one["levels"][-1], one["name"]): one["line"] for one in drawn}
    assert lines["A", "lint"] == lines["A", "run"] == 2
    assert lines["A", "step 02 quote"] == 4
    assert lines[ODD, "structure"] == 5
    assert lines["Y", "import"] == 2
    assert lines["Y", "step 01 Start_Flow"] == 4
    assert lines["Y", "step 02 quote"] == 6
    for one in drawn:
        assert one["reported"] == [one["file"], one["line"] - 1]
    assert {one["file"] for one in drawn} == {
        str(pytester.path / "suites" / name) for name in ("a.kore.json", "y.kore.yaml")
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [('{"testCases": [\n', 2), ("suites:\n  - name: A\n    steps:\n      - user: yes\n", 4), ("", 1)],
)
def test_a_file_without_suites_is_drawn_at_its_first_problem(draw, pytester, text, line):
    """A file that cannot be used is one item, in the line that its finding names."""
    name = "broken.kore.json" if not text or text.startswith("{") else "broken.kore.yaml"
    (pytester.path / "suites" / name).write_text(text)
    (only,) = draw(f"suites/{name}")
    assert (only["levels"], only["name"], only["line"]) == ([name], "lint", line)


def test_one_step_is_run_by_the_id_that_was_drawn(draw, run, pytester, account):
    """Each step alone, whatever it says, is one import and one run of its suite, without capturing too."""
    steps = [one for one in draw("suites") if one["name"].startswith("step 02")]
    assert len(steps) == 3
    for count, one in enumerate(steps, 1):
        result = run(f"--rootdir={pytester.path}", "--kore-run=inDevelopment", "--capture=no", one["id"])
        assert result.counts == {"passed": 1}, result.text
        assert sum(asked.path.endswith("/import") for asked in account.requests) == count
        assert sum(asked.path.endswith("/run") for asked in account.requests) == count


def test_all_ids_that_were_drawn_are_a_whole_run(draw, run, pytester):
    """An editor that runs a folder names every id that it drew: the run has these and no others."""
    ids = [one["id"] for one in draw("suites")]
    result = run(f"--rootdir={pytester.path}", "--kore-run=inDevelopment", *ids)
    assert result.counts == {"passed": 18}, result.text


def test_a_fixture_of_a_class_is_one_of_each_suite(draw, run, pytester):
    """A class-scoped fixture lives as long as a suite, and the checks keep their arguments."""
    pytester.makeconftest(
        "import pytest\n"
        "@pytest.fixture(autouse=True, scope='class')\n"
        "def of_suite(request):\n"
        "    request.cls.seen = request.node.name\n"
        "    yield\n"
        "    print('over:', request.node.name)\n"
    )
    result = run("--kore-run=inDevelopment", "-s", "suites")
    assert result.counts == {"passed": 18}, result.text
    assert [result.text.count(f"over: {name}") for name in ("A", ODD, "Y")] == [1, 1, 1]
