"""Run every bench, print the tables and say which targets hold. It never fails over a figure.

Run it with ``make bench``; the figures also go to ``bench/results/``.
"""

from __future__ import annotations

import items
import pace
import parsing
import poll
import progress
import startup
import suites


def main() -> None:
    """Run all of them."""
    verdicts = [
        *startup.main(),
        *poll.main(),
        *items.main(),
        *suites.main(),
        *progress.main(),
        *pace.main(),
        *parsing.main(),
    ]
    print("\n".join(map(str, verdicts)))


if __name__ == "__main__":
    main()
