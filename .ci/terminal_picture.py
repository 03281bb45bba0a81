"""Draw the terminal of the README's red run, from a real run against the emulator.

Usage: python .ci/terminal_picture.py OUT.svg
"""

# ruff: noqa: INP001, T201 - a script that prints what it wrote

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
WIDTH = 100
BOT = re.compile(r"^echo '(.*)' > bot\.json\n(pytest .*)$", re.MULTILINE)
"""The block of the README that is drawn: what the bot says, and the command."""

STABLE = (
    (r"(ds|ctr)-[0-9a-f-]{36}", r"\1-1b7c6f0e…"),
    (r"EXAMPLE_[0-9a-f]{10}", "EXAMPLE_1b7c6f0e4a"),
    (r"after \d+\.\d s, \d+ requests", "after 0.2 s, 4 requests"),
    (r"in \d+\.\d\ds", "in 0.70s"),
)
"""What differs from run to run and from machine to machine, and what is drawn instead."""

DARK = TerminalTheme(
    (30, 33, 39),
    (216, 220, 228),
    [
        (30, 33, 39), (240, 113, 113), (126, 211, 134), (229, 192, 123),
        (110, 170, 240), (198, 140, 230), (95, 205, 215), (216, 220, 228),
    ],
    [
        (120, 128, 140), (255, 135, 135), (150, 230, 158), (245, 212, 150),
        (140, 190, 255), (215, 165, 245), (125, 225, 235), (255, 255, 255),
    ],
)  # fmt: skip

SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<!-- Drawn by .ci/terminal_picture.py -->
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own picture without the font that it would load from elsewhere."""


def run() -> str:
    """Run the README's block in an empty folder; return the command and how its output ends."""
    bot, command = BOT.search((ROOT / "README.md").read_text(encoding="utf-8")).groups()
    env = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "LANG": "C.UTF-8",
        "COLUMNS": str(WIDTH),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p pytest_kore_convtest -p no:cacheprovider -rN --color=yes",
    }
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["kore-convtest", "init", "--yes"],  # noqa: S607
            cwd=folder,
            env=env,
            check=True,
            capture_output=True,
        )
        (Path(folder) / "bot.json").write_text(bot, encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - the README's own command
            command.split(),
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    beginning, failures, text = done.stdout.partition("=" * 30 + " FAILURES")
    if not failures:
        sys.exit(f"the run is not red:\n{beginning}{done.stderr}")
    text = beginning.rpartition("\n")[2] + failures + text
    for pattern, stable in STABLE:
        text = re.sub(pattern, stable, text)
    return f"$ {command}\n…\n{text.rstrip()}"


def draw(text: str) -> str:
    """Return a picture of a terminal that shows a text with its colours."""
    console = Console(
        width=WIDTH, record=True, force_terminal=True, file=io.StringIO(), color_system="truecolor"
    )
    console.print(Text.from_ansi(text), overflow="fold", highlight=False, markup=False)
    return console.export_svg(title="", theme=DARK, code_format=SVG, unique_id="kore")


def main(arguments: list[str]) -> int:
    """Draw the picture and say where it is."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    target = Path(arguments[0])
    target.write_text(draw(run()) + "\n", encoding="utf-8")
    print(f"{target}: {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
