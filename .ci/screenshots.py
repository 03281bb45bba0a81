"""Take the pictures of the HTML report: light, dark, narrow, and the one of the README.

Usage: python .ci/screenshots.py OUTDIR [RECORD.json]
"""

# ruff: noqa: INP001, T201 - a script that prints what it wrote

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "samples" / "report" / "green-red-drift.json"
MOST_BYTES = 300_000
"""A picture in a README should load at once."""

SHOTS = {
    "report": (1180, 1000, "light", ""),
    "report-steps": (1180, 780, "light", "#s2-step-02"),
    "report-dark": (1180, 1000, "dark", "#s2"),
    "report-cards": (1180, 1000, "dark", "#s1-step-02"),
    "report-narrow": (375, 812, "light", ""),
    "report-narrow-steps": (375, 812, "dark", "#s2-step-02"),
}
"""Width, height, colour scheme and the place that each picture shows."""

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from e2e.browsers import HOW_TO_GET, Visit, find_chromium, open_browser  # noqa: E402 - needs the path above

from pytest_kore_convtest.reports.html.page import render_html  # noqa: E402 - needs the path above


def take(record: Path, folder: Path) -> list[Path]:
    """Write every picture of a record's page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        page = Path(scratch) / "report.html"
        page.write_text(render_html(json.loads(record.read_text(encoding="utf-8"))), encoding="utf-8")
        for name, (width, height, scheme, anchor) in SHOTS.items():
            visit = Visit(browser, page, width=width, height=height, color_scheme=scheme)
            shown = visit.open(anchor)
            shown.evaluate("document.activeElement.blur()")
            written.append(folder / f"{name}.png")
            shown.screenshot(path=written[-1])
            visit.close()
    return written


def main(arguments: list[str]) -> int:
    """Take the pictures and say where they are."""
    if not 1 <= len(arguments) <= 2:  # noqa: PLR2004 - a folder, and perhaps a record
        print(__doc__, file=sys.stderr)
        return 2
    if not find_chromium():
        print(f"taking screenshots {HOW_TO_GET}", file=sys.stderr)
        return 1
    pictures = take(Path(arguments[1]) if arguments[1:] else SAMPLE, Path(arguments[0]))
    for picture in pictures:
        size = picture.stat().st_size
        print(f"{picture}: {size} bytes{' (too large for a README)' if size > MOST_BYTES else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
