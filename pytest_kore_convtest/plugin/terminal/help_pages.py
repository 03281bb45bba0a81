"""Where the documentation explains what a test run ended with: one page an error class, one entry a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import KoreError, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_DISTRIBUTION = "pytest-kore-convtest"
_MOST_SHOWN = 5
_ERRORS, _RULES = "errors", "rules"


def explain_error(error: KoreError) -> list[str]:
    """Return the pages about an error of ours: its class, and the rules that its findings broke."""
    rules = explain_rules(one.get("rule", "") for one in getattr(error, "findings", ()))
    known = (cls for cls in type(error).__mro__ if cls.__module__ == KoreError.__module__)
    name = next(known, KoreError).__name__
    if rules and name == Verdict.__name__:  # a finding in a file: its rule says more
        return rules
    return [f"{_ERRORS}#{name.lower()}", *rules]


def explain_rules(rules: Iterable[object]) -> list[str]:
    """Return the entries of rules, each once."""
    return [f"{_RULES}#{rule}" for rule in dict.fromkeys(map(str, rules)) if rule]


def write_pages(pages: Collection[str]) -> str:
    """Write the line that names the pages; empty without any."""
    if not pages:
        return ""
    ordered = sorted(pages, key=lambda page: page.startswith(_RULES))
    shown = [_address(*page.split("#", 1)) for page in ordered[:_MOST_SHOWN]]
    more = [f"and {len(ordered) - _MOST_SHOWN} more"] if len(ordered) > _MOST_SHOWN else []
    what = "what this means" if len(ordered) == 1 else "what these mean"
    return f"{what}: {', '.join([*shown, *more])}"


def _address(page: str, anchor: str) -> str:
    base = _site()
    if not base:
        return f"docs/{page}.md#{anchor}"
    ending = "md" if "/blob/" in base or "/tree/" in base else "html"
    return f"{base}/{page}.{ending}#{anchor}"


def _site() -> str:
    """Return where the package's metadata says that the documentation is; empty when it does not."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata(_DISTRIBUTION).get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    for entry in urls:
        label, _, url = entry.partition(",")
        if label.strip().lower() == "documentation":
            return str(url).strip().rstrip("/")
    return ""
