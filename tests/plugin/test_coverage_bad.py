"""Bot definitions that cannot be used, are another bot's, or are odd: said, with the right exit code."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from sample_bots import MEDI, TRAVEL, definition, dialog

from pytest_kore_convtest.emulator import Emulator

SUITES = Path(__file__).parents[1] / "samples" / "conversations"
DEFINITION = json.dumps(definition(dialog("a", "A", {"intent0": ("intent", ["end"])}))).encode()
LARGE = 65 * 1024 * 1024
"""Bytes of JSON, just more than are read."""


def pack(path, name="botDefinition.json", content=DEFINITION, how=zipfile.ZIP_DEFLATED):
    """Write a zip of one file."""
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr(name, content)


def change_directory(path, offset, new):
    """Write other bytes into the entry of a zip's directory."""
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02") + offset
    data[at : at + len(new)] = new
    path.write_bytes(data)


def encrypt(path):
    """Write a zip whose one file is said to be encrypted."""
    pack(path)
    change_directory(path, 8, b"\x01\x00")


def lie(path, how):
    """Write a zip bomb that claims to be small."""
    pack(path, content=b" " * LARGE, how=how)
    change_directory(path, 24, (1000).to_bytes(4, "little"))


def inflate(path):
    """Write a sparse file of 100 MB."""
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)


def write(content):
    """Return what writes some bytes."""
    return lambda path: path.write_bytes(content)


NO_DIALOGS = "Name the export of a bot, not of a suite or a dialog."
BAD = {
    "missing": (lambda _: None, "cannot be read: No such file or directory."),
    "directory": (Path.mkdir, "is no plain file."),
    "empty": (write(b""), "is empty."),
    "no-json": (write(b"dialogs: []"), "is no JSON that can be read: "),
    "half-json": (write(DEFINITION[:-20]), "is no JSON that can be read: "),
    "list": (write(b"[" + DEFINITION + b"]"), "the whole is not a JSON object."),
    "duplicate-keys": (write(b'{"dialogs": [], "dialogs": []}'), "duplicate key"),
    "no-dialogs": (write(b'{"dialogComponents": []}'), f"is JSON, and has no 'dialogs'. {NO_DIALOGS}"),
    "dialogs-no-list": (write(b'{"dialogs": {}}'), f"has no 'dialogs'. {NO_DIALOGS}"),
    "empty-dialogs": (write(b'{"dialogs": []}'), "has no dialog with a node."),
    "a-suite": (lambda path: path.write_bytes((SUITES / "minimal.kore.yaml").read_bytes()), "is no JSON"),
    "100-mb": (inflate, "is too large: 100 MB or more, and at most 64 MB are read."),
    "empty-zip": (lambda path: zipfile.ZipFile(path, "w").close(), "holds neither botDefinition.json nor"),
    "half-zip": (write(b"PK\x03\x04"), "is a zip that cannot be read"),
    "no-definition": (lambda path: pack(path, "readme.txt"), "holds neither botDefinition.json nor"),
    "climbs": (lambda path: pack(path, "../botDefinition.json"), "which climbs out of the zip."),
    "encrypted": (encrypt, "is encrypted. Export the bot without a password."),
    "bomb": (lambda path: pack(path, content=b" " * LARGE), "is too large: 65 MB or more"),
    "bomb-that-lies": (lambda path: lie(path, zipfile.ZIP_DEFLATED), "is a zip that cannot be read"),
    "bomb-in-one-block": (lambda path: lie(path, zipfile.ZIP_LZMA), "is packed in a way that no export is."),
}


@pytest.fixture(autouse=True)
def _suite(pytester):
    (pytester.path / "a.kore.yaml").write_bytes((SUITES / "xo11_medi.kore.yaml").read_bytes())


@pytest.fixture
def start(run):
    """Run the suite with a bot definition."""

    def begin(path, *more):
        return run("--kore-run=inDevelopment", f"--kore-bot-definition={path}", "a.kore.yaml", *more)

    return begin


@pytest.mark.parametrize("name", BAD)
def test_unusable(start, account, pytester, name):
    """What is no bot's export is a usage error of at most two sentences, before anything is sent."""
    make, said = BAD[name]
    make(pytester.path / "bot.zip")
    done = start("bot.zip")
    assert done.code == 4
    (line,) = [one for one in done.text.splitlines() if "bot.zip" in one]
    assert said in line
    assert line.endswith(".")
    assert len(re.findall(r"\. (?=[A-Z])", line)) <= 1
    assert not account.requests


@pytest.fixture
def medi(monkeypatch):
    """Run against an emulator of its own that knows a bot."""
    with Emulator(definition=json.loads(MEDI.read_bytes())) as emulator:
        for name in ("stream_id", "client_id", "client_secret", "user_email"):
            monkeypatch.setenv(f"KORE_{name.upper()}", getattr(emulator, name))
        monkeypatch.setenv("KORE_HOST", emulator.url)
        for name in ("POLL_INTERVAL", "MAX_POLL_INTERVAL"):
            monkeypatch.setenv(f"KORE_{name}", "0.05")
        yield emulator


@pytest.mark.parametrize(("more", "code"), [((), 0), (("--kore-cov-fail-under=1",), 1)])
def test_another_bot(start, medi, pytester, more, code):
    """When no node of the results is in the export it is said to be another bot's, and no 0 % is printed."""
    done = start(TRAVEL, "--kore-json=r.json", *more)
    assert done.code == code
    assert "none of the nodes that the results name is in the bot definition" in done.text
    assert "seems to be another bot" in done.text
    assert "0.0 %" not in done.text
    assert json.loads((pytester.path / "r.json").read_text())["coverage"] is None
    assert start(MEDI).code == 0


def test_odd(start, pytester):
    """An id in two dialogs, a circle of calls and an unknown type are counted, and the last two are named."""
    bot = definition(
        dialog(
            "a", "A", {"intent0": ("intent", ["n"]), "n": ("teleport", ["go"]), "go": ("intent:b", ["end"])}
        ),
        dialog(
            "b", "B", {"intent0": ("intent", ["n"]), "n": ("message", ["go"]), "go": ("intent:a", ["end"])}
        ),
    )
    texts = {"dc-b-n": "You are in B."}
    for component in bot["dialogComponents"]:
        if text := texts.get(component["_id"]):
            component["message"] = [{"localeData": {"en": {"text": text}}}]
    (pytester.path / "bot.json").write_text(json.dumps(bot))
    (pytester.path / "a.kore.yaml").write_text(
        "suites: [{name: B, steps: [{event: Start_Flow, bot: You are in B.}]}]"
    )
    done = start("bot.json", "--kore-emulator", "--kore-json=r.json")
    assert done.code == 0
    assert "its type is not known: n (teleport)" in done.text
    assert "dialogs call each other in a circle, and each counts once: " in done.text
    coverage = json.loads((pytester.path / "r.json").read_text())["coverage"]
    counts = {one["name"]: one["transitions"] for one in coverage["dialogs"]}
    assert counts["A"] == {
        "total": 3,
        "covered": 0,
        "missing": [["intent0", "n"], ["n", "go"], ["go", "end"]],
    }
    assert counts["B"] == {"total": 3, "covered": 2, "missing": [["go", "end"]]}
