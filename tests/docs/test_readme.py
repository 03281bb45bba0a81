"""README.md is true: its tables, names, links and code blocks."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.settings import options
from pytest_kore_convtest.settings.settings import Settings, resolve

if TYPE_CHECKING:
    from pytest_kore_convtest.settings.options import Setting

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = [line for line in README.splitlines() if line.startswith("| `")]


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def cells(row: Setting) -> list[str]:
    """Return the cells of a setting's row in the README."""
    key = f"`{row.option}" if row.has_option else f"`{row.ini_key}`"
    found = [line for line in ROWS if re.match(rf"\| {re.escape(key)}[` ]", line)]
    assert len(found) == 1, f"{key} has {len(found)} rows in README.md"
    return [cell.strip() for cell in found[0].strip("|").split(" | ")]


@pytest.mark.parametrize("row", options.TABLE, ids=lambda row: row.name)
def test_every_setting_has_its_row(row: Setting) -> None:
    """A setting's row names its option, ini key and environment name, or a dash where there is none."""
    here = cells(row)
    names = here[1:] if row.has_option else here
    if row.metavar:
        assert here[0] == f"`{row.option} {row.metavar}`"
    assert names[0].startswith(f"`{row.ini_key}`" if row.ini else "none")
    assert names[1].startswith(f"`{row.env_name}`" if row.env else "none")


DEFAULTS = {row.name: getattr(Settings(), row.name) for row in options.TABLE}


@pytest.mark.parametrize("name", [name for name, value in DEFAULTS.items() if value not in {None, ()}])
def test_every_default_is_the_real_one(name: str) -> None:
    """The default that the README shows is the one that the settings have."""
    row, default = options.ROWS[name], DEFAULTS[name]
    words = default if isinstance(default, tuple) else (default,)
    shown = "`" + " ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in words) + "`"
    if isinstance(default, bool):
        shown = "on" if default else "off"
    assert cells(row)[3 if row.has_option else 2] == shown


def test_every_option_in_the_text_exists() -> None:
    """No option, ini key or environment name in the README is invented."""
    known = {row.option for row in options.TABLE} | {"--no-" + row.option[2:] for row in options.TABLE}
    assert set(re.findall(r"--(?:no-)?kore-[a-z-]+", README)) <= known
    assert set(re.findall(r"KORE_[A-Z_]+", README)) <= {row.env_name for row in options.TABLE}


@pytest.mark.parametrize("block", blocks("ini"))
def test_ini_blocks_are_usable(block: str) -> None:
    """An ini block, pasted into pytest.ini, is accepted."""
    parser = configparser.RawConfigParser()
    parser.read_string(block)
    found = {key.removeprefix("kore_"): value for key, value in parser["pytest"].items()}
    assert resolve({}, {}, found).configured


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_every_link_leads_somewhere(target: str) -> None:
    """A relative link names a file or folder of the project."""
    assert (ROOT / target).exists()


@pytest.mark.parametrize("block", blocks("python"))
def test_python_blocks_compile(block: str) -> None:
    """A Python block is Python; those with tests are run in tests/plugin/test_documented.py."""
    assert compile(block, "README.md", "exec")
