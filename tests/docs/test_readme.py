"""README.md is true: short, its blocks can be pasted one after the other, its names and links exist."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kore_convtest import Emulator
from pytest_kore_convtest.settings import options
from pytest_kore_convtest.settings.settings import resolve

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_LINES = 250

STEP = re.compile(
    r"^(?:<!-- (?P<what>run|file|same): (?P<argument>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
STEPS = list(STEP.finditer(README))
SHELL = [step for step in STEPS if step["language"] == "bash"]

NOT_HERE = """
python3() {
    if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin" && : > "$3/bin/activate"; else command python3 "$@"; fi
}
pip() { echo "@pip $*"; }
"""
"""What a test cannot do: it has no network, and what would be installed is here."""

END = "printf '\\n@end %s\\n' $?\n"
"""Prints the exit code of what stands before it."""


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return [step["text"] for step in STEPS if step["language"] == language]


def test_it_is_short() -> None:
    """A front page is read in one go."""
    assert len(README.splitlines()) <= MOST_LINES


def test_the_first_green_run_takes_twelve_lines() -> None:
    """The first block, which ends with a green run, has at most twelve lines."""
    assert SHELL[0]["argument"] == "0"
    assert len(SHELL[0]["text"].splitlines()) <= 12
    assert "--kore-emulator" in SHELL[0]["text"].splitlines()[-1]


def test_every_block_is_tried() -> None:
    """No block is left out: shell blocks are run, files are written, and so on."""
    assert {step["what"] for step in SHELL} == {"run"}
    assert {step["language"] for step in STEPS} == {"bash", "json", "yaml", "ini", "text", "python"}
    assert [step["what"] for step in STEPS if step["language"] in {"json", "yaml"}] == ["same"] * 2
    assert [step["what"] for step in STEPS if step["language"] == "ini"] == ["file"]


@pytest.mark.parametrize("block", blocks("bash"))
def test_a_block_can_be_pasted_into_any_shell(block: str) -> None:
    """No prompt, no ellipsis, no comment (zsh runs it), and nothing after a line that reads."""
    assert not re.search(r"^\$ |…|(^|\s)#", block, re.MULTILINE)
    assert "&\n" not in block.replace("&&", "")
    assert not re.search(r"^read .*\n(?=.)", block, re.MULTILINE)


@pytest.fixture
def pasted(tmp_path: Path) -> list[tuple[int, str]]:
    """Paste every block, in its order, into one shell in a clean directory; return exit codes and outputs."""
    if not all(map(shutil.which, ("bash", "git", "awk", "sed"))):
        pytest.skip("needs bash, git, awk and sed")
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    (home / "Downloads").mkdir(parents=True)
    shutil.copy(ROOT / "examples" / "quickstart" / "booking.kore.json", home / "Downloads" / "Booking.json")
    with Emulator() as emulator:
        values = {
            "https://bots.kore.ai": emulator.url,
            "st-6b2f9a4e-1c35-5d80-9e47-2f81c07ab3d6": emulator.stream_id,
            "cs-0f3d2c1b-7a55-5e1f-8d3a-90b1c2d3e4f5": emulator.client_id,
            "you@example.com": emulator.user_email,
        }
        typed = [NOT_HERE, "git init -q .\n"]
        for step in STEPS:
            text = step["text"]
            for shown, real in values.items():
                text = text.replace(shown, real)
            if step["what"] == "file":
                typed.append(f"cat > {step['argument']} <<'END'\n{text}END\n")
            elif step["what"] == "same":
                typed.append(f"cat {step['argument']} > same.{step['language']}\n")
            elif step["what"] == "run":
                secret = f"{emulator.client_secret}\n" if "\nread " in text else ""
                typed.append(text + secret + END)
        done = subprocess.run(
            ["bash", "--norc"],  # noqa: S607
            input="".join(typed),
            cwd=here,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
    found = re.findall(r"(.*?)^@end (\d+)\n", done.stdout, re.MULTILINE | re.DOTALL)
    assert len(found) == len(SHELL), done.stdout
    assert json.loads((here / "same.json").read_text(encoding="utf-8")) == json.loads(blocks("json")[0])
    assert (here / "same.yaml").read_text(encoding="utf-8") == blocks("yaml")[0]
    return [(int(code), text) for text, code in found]


def environment(home: Path) -> dict[str, str]:
    """Return what a person's shell has, with short pauses and no plugin but ours."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "COLUMNS": "120",
        "KORE_POLL_INTERVAL": "0.05",
        "KORE_MAX_POLL_INTERVAL": "0.1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p pytest_kore_convtest",
        **{
            f"GIT_{who}_{what}": "you@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }


def test_the_blocks_do_what_is_said(pasted: list[tuple[int, str]]) -> None:
    """Pasted in order, each block ends as the README says; a real platform is never contacted."""
    for step, (code, text) in zip(SHELL, pasted, strict=True):
        assert code == int(step["argument"]), f"{step['text']}\n{text}"
    outputs = [text for _, text in pasted]
    assert "@pip install pytest-kore-convtest[all]" in outputs[0]
    assert "6 passed" in outputs[0]
    assert "no problems in 1 file" in outputs[4]
    assert sum("built-in emulator; no real platform was contacted" in text for text in outputs) == 6
    for block in blocks("text"):
        for line in block.splitlines():
            assert line in outputs[2]


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
    """A relative link names a file or folder of the project, and an anchor that the file has."""
    path, _, anchor = target.partition("#")
    assert (ROOT / path).exists()
    if anchor:
        assert f'<a id="{anchor}"></a>' in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("block", blocks("python"))
def test_python_blocks_compile(block: str) -> None:
    """A Python block is Python; those with tests are run in tests/plugin/test_documented.py."""
    assert compile(block, "README.md", "exec")
