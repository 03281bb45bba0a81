"""Write the list of rules, ``docs/rules.md``, from the rules themselves."""

# ruff: noqa: INP001 - a script

from __future__ import annotations

from pathlib import Path

from pytest_kore_convtest.findings import MOST_KEPT
from pytest_kore_convtest.rules import RULES, Rule, Severity

TARGET = Path(__file__).parents[1] / "docs" / "rules.md"

HEAD = f"""\
# Rules

<!-- Written by `make docs` (.ci/rules.py) from pytest_kore_convtest/rules.py: change it there. -->

Each check that can warn or fail is a rule. Its name is shown with each finding, in the terminal
(`[step-without-assertion]`) and in every report.

A finding of severity `error` fails the item that found it; `warning` and `hint` are shown. The setting
`kore_rules` changes that:

```ini
[pytest]
kore_rules =
    step-without-assertion = error
    variation-added = off
```

In the environment the entries are separated by commas:
`KORE_RULES="step-without-assertion=error,variation-added=off"`. `--kore-require-assertions` stands for
`step-without-assertion = error` and `step-not-verified = error`; a line of `kore_rules` wins over it, unless
it comes from a lower source (an ini file below the command line). A finding whose rule is `off` is neither
counted nor reported. A rule that is marked as *fixed* cannot be changed: a test run without it would prove
nothing.

Of very many findings of one rule the first ones are shown, and how many more there are. The JSON report
lists up to {MOST_KEPT:,} of one check one by one.
"""

ABOUT = {
    "lint": "A suite file",
    "lint, structure": "A suite file, and the stored suite",
    "structure": "The stored suite",
    "comparison": "The stored suite beside its file",
    "run": "A run's result",
}


def write() -> str:
    """Return the list as Markdown."""
    parts = [HEAD]
    for about, title in ABOUT.items():
        rows = [_row(rule) for rule in Rule if RULES[rule].about == about]
        parts.append(f"## {title}\n\n| Rule | Default | Meaning |\n| --- | --- | --- |\n" + "".join(rows))
    return "\n".join(parts)


def _row(rule: Rule) -> str:
    facts = RULES[rule]
    severity = Severity(facts.severity).value + (", fixed" if facts.fixed else "")
    return f'| <a id="{rule.value}"></a>`{rule.value}` | {severity} | {facts.meaning} |\n'


if __name__ == "__main__":
    TARGET.write_text(write(), encoding="utf-8")
