"""``kore-convtest convert``."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from cli.conftest import one_sentence
from cli.samples import suite
from fork_server import run_module

pytest.importorskip("ruamel.yaml")

SAMPLES = Path(__file__).parents[1] / "samples" / "suites"
REAL = ("jscray_test_success.json", "jscray_unl_quote_regression_stale.json", "runner_2019.json")

VARIED = """\
# about bookings
suites:
  - name: BOOKING # the main one
    steps:
      - event: Start_Flow
        bot:
          - any: [Hi!, Hello!]
          - contains: help
            optional: true
          - matches: Room [0-9]+
            example: Room 12
          - anything: true
            example: "Bye #1"
          - contains: [a, b]
            example: a b
        more: true
"""


@pytest.fixture(name="real")
def _real(tmp_path):
    """Return copies of the real files; of the one of 2019 the cases that say each thing that it can say."""
    for name in REAL:
        content = json.loads((SAMPLES / name).read_text(encoding="utf-8"))
        cases = content["testCases"]
        choice = [case for case in cases if "oneOf" in json.dumps(case) or "allOf" in json.dumps(case)]
        content["testCases"] = [*cases[:6], *(case for case in choice if case not in cases[:6])]
        (tmp_path / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return REAL


def names():
    """Return the names in this folder."""
    return sorted(path.name for path in Path().iterdir())


def verdicts(*files, bot=None):
    """Run files against the emulator; return each test's name and outcome."""
    words = ["-p", "pytest_kore_convtest.plugin", "-p", "no:cacheprovider", "-q", "--junitxml=junit.xml"]
    words += ["--kore-emulator", "--kore-run", "inDevelopment", *(["--kore-bot", bot] if bot else [])]
    code, out, err = run_module("pytest", *words, *files)
    assert code in {0, 1}, out + err
    return {
        (re.sub(r"^\w+\.(kore\.)?(json|yaml)\.", "", case.get("classname")), case.get("name")): next(
            (kind.tag for kind in case if kind.tag in {"failure", "error", "skipped"}), ""
        )
        for case in ET.parse("junit.xml").iter("testcase")  # noqa: S314 - ours
    }


@pytest.mark.parametrize("name", REAL)
def test_real_files_keep_their_verdicts(kore, real, name, tmp_path):
    """A real file, the same as YAML, and that as JSON again give the same verdicts and mean the same."""
    assert name in real
    old = name.startswith("runner")
    there = kore("convert", name, "-o", "there.kore.yaml")
    back = kore("convert", "there.kore.yaml", "-o", "back.kore.json")
    assert (there.code, back.code) == ((1, 1) if old else (0, 0)), there.err + back.err
    content = json.loads((tmp_path / name).read_text(encoding="utf-8"))
    wrong = content["testCases"][0]["messages"][0]["input"]
    (tmp_path / "bot.json").write_text(json.dumps({wrong: ["Something else."]}))
    returned = json.loads((tmp_path / "back.kore.json").read_text(encoding="utf-8"))
    if old:
        kore("convert", name, "--to", "json", "-o", "plain.kore.json")
        content = json.loads((tmp_path / "plain.kore.json").read_text(encoding="utf-8"))
    assert returned == content
    for bot in (None, "bot.json"):
        before, yaml, after = (
            verdicts(file, bot=bot) for file in (name, "there.kore.yaml", "back.kore.json")
        )
        assert before == yaml == after
        assert ("failure" in before.values()) is bool(bot)


def test_all_of_2019_in_a_few_lines(kore):
    """The 84 cases of 2019 draw a line for each kind of thing, with its place; --json has them one by one."""
    source = SAMPLES / "runner_2019.json"
    ended = kore("convert", source, "--output-dir", "out")
    assert (ended.code, ended.err, len(ended.lines)) == (1, "", 8)
    assert ended.lines[0].startswith(f"{source}:6:4: lost: ")
    assert "(84 places, this is the first) [discard]" in ended.lines[0]
    assert ended.lines[-2:] == [
        "wrote out/runner_2019.kore.yaml: 84 suites, 206 steps",
        "--json lists every place",
    ]
    listed = json.loads(kore("convert", source, "--output-dir", "out", "--json", "--force").out)["files"][0]
    kinds = [one["kind"] for one in listed["remarks"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "discard": 84,
        "words": 203,
        "bare-text": 52,
        "entity": 28,
        "one-of": 3,
        "all-of": 3,
    }
    written = Path("out/runner_2019.kore.yaml").read_text(encoding="utf-8")
    assert "&quot;" not in written
    assert kore("lint", "out/runner_2019.kore.yaml").code == 0


def test_entities_can_stay(kore):
    """--keep-entities leaves a text as it is; ``equals`` and bare texts become what the others are."""
    outputs = ["a &quot;b&quot; &nope; &amp;lt;", {"equals": "c"}, {"contains": {"oneOf": ["d"]}}]
    case = {"name": "A", "messages": [{"input": "x", "outputs": outputs}]}
    Path("old.json").write_text(json.dumps({"testCases": [case]}))
    for words, first in (((), 'a "b" &nope; &lt;'), (("--keep-entities",), outputs[0])):
        ended = kore("convert", "old.json", "--to", "json", "-o", "-", *words)
        assert ended.code == 0
        found = json.loads(ended.out)["testCases"][0]["messages"][0]["outputs"]
        assert found == [{"contains": first}, {"contains": "c"}, {"contains": "d"}]


def test_what_json_cannot_hold(kore):
    """Matchers, optional, more and comments are lost in JSON, which is said with places and exit code 1."""
    Path("b.kore.yaml").write_text(VARIED)
    ended = kore("convert", "b.kore.yaml", "--json")
    assert ended.code == 1
    remarks = json.loads(ended.out)["files"][0]["remarks"]
    assert [(one["kind"], one["line"]) for one in remarks] == [
        *[("comment", 1), ("comment", 3), ("more", 5), ("alternatives", 7), ("matcher", 8), ("optional", 8)],
        *[("matcher", 10), ("matcher", 12), ("parts", 14)],
    ]
    written = json.loads(Path("b.kore.json").read_text())
    assert [one["contains"] for one in written["testCases"][0]["messages"][0]["outputs"]] == [
        *["Hi!", "help", "Room 12", "Bye #1", "a b"]
    ]


def test_what_yaml_cannot_hold(kore):
    """Unknown keys, values of a wrong type and duplicate keys are lost in YAML, each with its place."""
    text = suite(colour="red", description=7).replace('"tags": []', '"tags": ["a"], "tags": ["b", 1]')
    Path("b.kore.json").write_text(text)
    ended = kore("convert", "b.kore.json")
    assert ended.code == 1
    kinds = [line.rpartition("[")[2] for line in ended.lines if ": lost: " in line]
    assert sorted(kinds) == ["duplicate-key]", "unknown-key]", "wrong-type]"]


def test_nothing_is_overwritten(kore):
    """A file that exists stays, and nothing else is written; --force replaces it and keeps its rights."""
    Path("a.kore.json").write_text(suite("A"))
    Path("b.kore.json").write_text(suite("B"))
    Path("b.kore.yaml").write_text("mine")
    Path("b.kore.yaml").chmod(0o600)
    one_sentence(kore("convert", "a.kore.json", "b.kore.json"), 4, "b.kore.yaml exists", "--force")
    assert names() == ["a.kore.json", "b.kore.json", "b.kore.yaml"]
    assert kore("convert", "a.kore.json", "b.kore.json", "--force").code == 0
    assert Path("b.kore.yaml").stat().st_mode & 0o777 == 0o600
    assert names() == ["a.kore.json", "a.kore.yaml", "b.kore.json", "b.kore.yaml"]


def test_a_bad_file_writes_nothing(kore):
    """When one file cannot be used, its findings are told, the exit code is 1, and nothing is written."""
    Path("a.kore.json").write_text(suite())
    Path("b.kore.yaml").write_text("suites:\n  - name: yes\n    step: []\n")
    ended = kore("convert", "a.kore.json", "b.kore.yaml")
    assert (ended.code, ended.out) == (1, "")
    assert "b.kore.yaml:2:11: " in ended.err
    assert "b.kore.yaml:3:5: " in ended.err
    assert ended.err.endswith("nothing was written, because 1 file cannot be used\n")
    assert names() == ["a.kore.json", "b.kore.yaml"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a.json", "--to", "json", "-o", "c.json"], 1, "in the platform's format already"),
        (["a.kore.json", "b.kore.json", "-o", "x"], 4, "--output is for one file"),
        (["a.kore.json", "-o", "x", "--output-dir", "y"], 4, "not both"),
        (["a.kore.json", "-o", "-", "--json"], 4, "standard output"),
        (["a.kore.json", "-o", ""], 4, "needs the name"),
        (["a.kore.json", "a.json"], 4, "would both be written"),
        (["a.kore.json", "-o", "a.json/x.yaml"], 4, "cannot write a.json/x.yaml"),
        (["missing.json"], 4, "cannot read missing.json"),
    ],
)
def test_wrong_use(kore, words, code, said):
    """What cannot be done is one sentence, and nothing is written."""
    for name in ("a.kore.json", "b.kore.json", "a.json"):
        Path(name).write_text(suite())
    one_sentence(kore("convert", *words), code, said)
    assert names() == ["a.json", "a.kore.json", "b.kore.json"]


def test_standard_output_is_the_suite_only(kore):
    """With -o - the suite goes to standard output, with nothing in it that a CI server obeys."""
    content = json.loads(suite(replies=("##vso[task.x]\u202e", "b")))
    content["colour"] = "red"
    Path("a.kore.json").write_text(json.dumps(content))
    ended = kore("convert", "a.kore.json", "-o", "-")
    assert ended.code == 1
    assert ended.out.startswith("bot: st-")
    assert "##vso[" not in ended.out
    assert "\u202e" not in ended.out
    assert "[unknown-key]" in ended.err
    Path("b.kore.yaml").write_text(ended.out)
    back = json.loads(kore("convert", "b.kore.yaml", "-o", "-").out)
    assert back["testCases"] == content["testCases"]


def test_comments_that_force_overwrites_are_counted(kore):
    """The refusal names the comments of the YAML file that is there; --force says how many are gone."""
    Path("a.kore.json").write_text(suite("A"), encoding="utf-8")
    assert kore("convert", "a.kore.json").code == 0
    path = Path("a.kore.yaml")
    path.write_text("# one\n" + path.read_text(encoding="utf-8") + "# two\n", encoding="utf-8")
    one_sentence(kore("convert", "a.kore.json"), 4, "its comments are lost")
    forced = kore("convert", "a.kore.json", "--force")
    assert (forced.code, forced.err) == (0, "a.kore.yaml was overwritten: 2 comments of it are lost\n")
    assert kore("convert", "a.kore.json", "--force").err == ""


@pytest.mark.parametrize("args", [("pair",), ("pair/a.kore.yaml", "pair/a.kore.json")])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_files_that_would_be_written_over_each_other_are_refused(kore, args, force):
    """Of two files beside each other neither becomes the other, forced or not."""
    Path("pair").mkdir()
    before = {"pair/a.kore.yaml": VARIED, "pair/a.kore.json": suite("A")}
    for name, text in before.items():
        Path(name).write_text(text)
    one_sentence(kore("convert", *args, *force), 4, "which is to be converted too")
    assert {name: Path(name).read_text() for name in before} == before
    assert kore("convert", *args, "--output-dir", "out").code == 1
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.kore.json", "a.kore.yaml"]


def test_a_link_to_another_input_is_one(kore):
    """The file counts, not the name."""
    Path("b.kore.json").write_text(suite("A"))
    Path("a.kore.yaml").write_text(VARIED)
    Path("b.kore.yaml").symlink_to("a.kore.yaml")
    one_sentence(kore("convert", "a.kore.yaml", "b.kore.json", "--force"), 4, "which is to be converted too")
    assert Path("a.kore.yaml").read_text() == VARIED


@pytest.mark.parametrize(
    ("name", "out", "is_json"),
    [
        ("a.kore.json", "b.kore.json", True),
        ("a.kore.json", "b.JSON", True),
        ("a.kore.json", "b.yml", False),
        ("a.kore.json", "b.txt", False),
        ("a.kore.yaml", "b.kore.yaml", False),
        ("a.kore.yaml", "b.kore.json", True),
        ("a.kore.yaml", "b.txt", True),
    ],
)
def test_the_name_of_the_output_says_its_form(kore, name, out, is_json):
    """No file is written whose name says another form than it has."""
    Path("a.kore.json").write_text(suite("A"))
    kore("convert", "a.kore.json", "-o", "a.kore.yaml")
    ended = kore("convert", name, "-o", out)
    if name.endswith("json") is is_json:  # that form already
        assert (ended.code, Path(out).exists()) == (1, False)
        assert "already: nothing to convert" in ended.err
    else:
        assert ended.code == 0
        assert Path(out).read_text().startswith("{") is is_json
    if out != "b.txt":
        other = "yaml" if is_json else "json"
        ended = kore("convert", name, "-o", out, "--to", other, "--force")
        one_sentence(ended, 4, f"--to {other} contradicts the name {out}")
