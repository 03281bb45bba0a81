"""A bot definition is read as the platform exports it, and nothing else is."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sample_bots import MEDI, MINIMAL, TRAVEL, XO10, definition, dialog, load, make_bot

from pytest_kore_convtest.coverage import definition as module
from pytest_kore_convtest.coverage.definition import read_definition
from pytest_kore_convtest.errors import ConfigError

SMALL = {"dialogs": [], "dialogComponents": []}


@pytest.mark.parametrize(
    ("path", "dialogs", "every", "own"),
    [(XO10, 7, 91, 89), (MEDI, 12, 124, 70), (TRAVEL, 10, 64, 10), (MINIMAL, 1, 3, 3)],
    ids=["xo10-travel", "xo11-medi", "xo11-travel", "minimal"],
)
def test_figures(path, dialogs, every, own):
    """The transitions of real exports are counted as the platform counts them, all and the bot's own."""
    bot = load(path)
    counts = [(one.system, len(list(one.edges))) for one in bot.dialogs.values()]
    assert len(counts) == dialogs
    assert sum(count for _, count in counts) == every
    assert sum(count for system, count in counts if not system) == own


def test_platforms_dialogs():
    """Every XO11 bot brings the same 54 transitions in the platform's own dialogs."""
    for path in (MEDI, TRAVEL):
        assert sum(len(list(one.edges)) for one in load(path).dialogs.values() if one.system) == 54


def write_zip(path, files):
    """Write a zip of some files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["botDefinition.json", "appDefinition.json", "export/appDefinition.json"])
def test_zip(tmp_path, name):
    """The definition is found in the zip of either product."""
    files = {"config.json": "{}", name: MEDI.read_bytes()}
    found = read_definition(write_zip(tmp_path / "bot.zip", files))
    assert len(found.data["dialogs"]) == 12
    assert found.sha256 == read_definition(MEDI).sha256


@pytest.mark.parametrize("key", ["botDefinition", "appDefinition", "app", "bot"])
def test_wrapped(tmp_path, key):
    """A definition may stand in one key."""
    path = tmp_path / "bot.json"
    path.write_text(json.dumps({key: SMALL}), encoding="utf-8")
    assert read_definition(path).data == SMALL


BAD_JSON = {
    "empty": ("", "is empty"),
    "no-json": ("dialogs: []", "is no JSON"),
    "a-suite": ('[{"name": "BOOKING"}]', "is no JSON that can be read: the whole is not a JSON object"),
    "no-bot": ('{"name": "BOOKING", "testSteps": []}', "has no 'dialogs'"),
    "deep": ('{"dialogs": ' + "[" * 5000 + "]" * 5000 + "}", "more than 200"),
    "twice": ('{"dialogs": [], "dialogs": []}', "duplicate key"),
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_bad_json(tmp_path, name):
    """What is no definition is refused in one sentence that names the file and the way out."""
    text, said = BAD_JSON[name]
    path = tmp_path / "bot.json"
    path.write_text(text, encoding="utf-8")
    assert said in refusal(path)


BAD_ZIPS = {
    "climbs": ({"../botDefinition.json": "{}"}, "climbs out"),
    "absolute": ({"/etc/botDefinition.json": "{}"}, "climbs out"),
    "backslash": ({"..\\..\\x.json": "{}", "botDefinition.json": "{}"}, "climbs out"),
    "drive": ({"C:\\botDefinition.json": "{}"}, "climbs out"),
    "two": ({"a/botDefinition.json": "{}", "b/botDefinition.json": "{}"}, "2 times"),
    "none": ({"readme.txt": "hello"}, "holds neither"),
}


@pytest.mark.parametrize("name", BAD_ZIPS)
def test_bad_zip(tmp_path, name):
    """A zip that climbs out of itself, or has no one definition, is refused."""
    files, said = BAD_ZIPS[name]
    assert said in refusal(write_zip(tmp_path / "bot.zip", files))


def test_bomb(tmp_path, monkeypatch):
    """Of a zip no more is read than the limit, whatever its directory says of the size."""
    path = write_zip(tmp_path / "bot.zip", {"botDefinition.json": b" " * 3_000_000})
    monkeypatch.setattr(module, "LARGEST", 2_000_000)
    assert "too large" in refusal(path)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # the directory lies
    path.write_bytes(data)
    assert "cannot be read" in refusal(path)


def test_huge(tmp_path):
    """A definition of 100 MB is refused before it is read."""
    path = tmp_path / "bot.json"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert "too large: 100 MB" in refusal(path)


def test_many_files(tmp_path):
    """A zip of more files than any export has is refused before one of them is read."""
    files = dict.fromkeys((f"{at}.json" for at in range(10_001)), "")
    assert "holds 10001 files, more than any export" in refusal(write_zip(tmp_path / "bot.zip", files))


def test_large_zip(tmp_path, monkeypatch):
    """A zip that is too large is refused before its directory is read."""
    path = write_zip(tmp_path / "bot.zip", {"botDefinition.json": "{}"})
    monkeypatch.setattr(module, "_LARGEST_ZIP", 100)
    assert "is too large: 0 MB or more" in refusal(path)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there are no such files here")
def test_a_file_that_hides_its_size(monkeypatch):
    """No more is read than the limit of a file that claims to be empty."""
    monkeypatch.setattr(module, "LARGEST", 10)
    assert "is too large" in refusal(Path("/proc/self/status"))


def test_broken_zip(tmp_path):
    """Half a zip is no zip."""
    path = write_zip(tmp_path / "bot.zip", {"botDefinition.json": "{}"})
    path.write_bytes(path.read_bytes()[:40])
    assert "is a zip that cannot be read" in refusal(path)


def test_no_file(tmp_path):
    """A file that is not there, or is a folder, is named."""
    assert "cannot be read: No such file" in refusal(tmp_path / "bot.json")
    assert "no plain file" in refusal(tmp_path)


def test_no_nodes(tmp_path):
    """A bot without any node cannot be covered."""
    with pytest.raises(ConfigError, match="no dialog with a node"):
        make_bot(tmp_path, {"_id": "dg-1", "nodes": []})


def refusal(path):
    """Return what is said against a definition."""
    with pytest.raises(ConfigError) as caught:
        read_definition(path)
    assert caught.value.message.count(". ") <= 1
    assert caught.value.name == "bot_definition"
    return caught.value.message


def test_odd_types(tmp_path):
    """A node of an unknown type is counted like any other, and named."""
    bot = make_bot(tmp_path, dialog("a", "A", {"intent0": ("intent", ["n"]), "n": ("teleport", ["end"])}))
    assert len(list(bot.dialogs["dg-a"].edges)) == 2
    assert bot.notes == ["bot definition: counted like any other, though its type is not known: n (teleport)"]


def test_node_twice(tmp_path):
    """A node's id may stand in two dialogs; twice in one dialog only the first counts, which is said."""
    nodes = {"intent0": ("intent", ["end"])}
    one, other = dialog("a", "A", nodes), dialog("b", "B", nodes)
    one["nodes"] *= 2
    bot = make_bot(tmp_path, one, other)
    assert [len(list(found.edges)) for found in bot.dialogs.values()] == [1, 1]
    assert bot.homes["intent0"] == ["dg-a", "dg-b"]
    assert "left out, for a node needs an id of its own in its dialog: intent0 in A" in bot.notes[0]


def test_circle(tmp_path):
    """Dialogs that call each other in a circle are counted once each, and named."""
    bot = make_bot(
        tmp_path,
        dialog("a", "A", {"intent0": ("intent", ["go"]), "go": ("intent:b", ["end"])}),
        dialog("b", "B", {"intent0": ("intent", ["go"]), "go": ("intent:a", ["end"])}),
    )
    assert sum(len(list(found.edges)) for found in bot.dialogs.values()) == 4
    assert "call each other in a circle" in bot.notes[0]


def test_lost_nodes(tmp_path):
    """Transitions to nodes, and calls of dialogs, that are not in the export are named."""
    nodes = {"intent0": ("intent", ["n", "lost"]), "n": ("intent:gone", ["end"])}
    bot = make_bot(tmp_path, dialog("a", "A", nodes))
    assert list(bot.dialogs["dg-a"].edges) == [("intent0", "n"), ("intent0", "lost"), ("n", "end")]
    assert bot.notes == [
        "bot definition: counted, though the node that a transition leads to is not in the export: lost in A",
        "bot definition: not followed, for the sub-dialog is not in the export: dc-gone-intent",
    ]


def test_intent_without_a_name(tmp_path):
    """It stands for its dialog by its id alone."""
    made = definition(dialog("a", "A", {"intent0": ("intent", ["end"])}))
    made["dialogComponents"].append({"_id": "dc-x", "type": "intent", "dialogId": "dg-a"})
    path = tmp_path / "bot.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    assert load(path).dialog_ids["dc-x"] == "dg-a"
    assert "" not in load(path).dialog_names


def test_same_target(tmp_path):
    """Two conditions that lead to the same node are one transition; nothing and an empty text are the end."""
    one = dialog("a", "A", {"intent0": ("intent", ["n", "n"]), "n": ("message", ["end"])})
    one["nodes"][1]["transitions"] = [{"default": ""}, {"if": {}}, {"default": "end"}]
    assert list(make_bot(tmp_path, one).dialogs["dg-a"].edges) == [("intent0", "n"), ("n", "end")]


@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, [None, 7, {}]])
def test_junk(tmp_path, junk):
    """Whatever stands in the place of a list or an object is not followed."""
    keys = ("dialogComponents", "knowledgeTasks", "smallTalk", "botEvents", "localeData")
    one = dialog("a", "A", {"intent0": ("intent", ["end"])})
    made = definition(one) | dict.fromkeys(keys, junk)
    made["dialogs"] += [{"_id": junk, "nodes": junk}, {"_id": "dg-x", "localeData": junk, "nodes": junk}]
    made["dialogs"][0]["nodes"].append({"nodeId": "odd", "type": junk, "transitions": junk, "nodes": junk})
    path = tmp_path / "bot.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    assert "dg-a" in load(path).dialogs
