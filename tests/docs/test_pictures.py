"""The picture of the terminal shows what a run really prints."""

import html
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "terminal.svg"
HOW = "draw it anew: .venv/bin/python .ci/terminal_picture.py docs/pictures/terminal.svg"


def words(svg):
    """Return what a picture says, line by line, without blanks: how text is coloured decides where it is cut.

    How long a ruler is depends on the duration.
    """
    lines = {}
    for y, text in re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        lines.setdefault(float(y), []).extend(html.unescape(text).split())
    return [re.sub(r"[=_-]{5,}", "=====", "".join(lines[y])) for y in sorted(lines)]


def test_the_terminal_picture_is_true():
    """The picture holds the words of a run of today, and loads nothing from elsewhere."""
    pytest.importorskip("rich")
    found = importlib.util.spec_from_file_location("terminal_picture", ROOT / ".ci" / "terminal_picture.py")
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    drawn = PICTURE.read_text(encoding="utf-8")
    assert words(drawn) == words(script.draw(script.run())), HOW
    assert "kore:built-inemulator;norealplatformwascontacted" in words(drawn)
    assert not re.search(r"url\(['\"]?http|@import|<image|href=", drawn)
