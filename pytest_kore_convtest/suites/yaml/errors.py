"""Say what is wrong with a text that is no YAML, in words that help whoever wrote it."""

from __future__ import annotations

_ADVICE = (
    (
        "mapping values are not allowed",
        "a colon is not allowed here: write a string with ': ' in quotes",
    ),
    ("sequence entries are not allowed", "a list cannot start here: put each '- ' on a line of its own"),
    ("unknown escape", "a backslash has no meaning here: write \\\\ for a backslash itself"),
    ("expected escape sequence", "an escape has too few digits: write \\\\ for a backslash itself"),
    ("but found '<scalar>'", "something follows the end of a value: put the whole string in quotes"),
    ("expected <block end>", "this line is not indented like those that it belongs to: correct the spaces"),
    ("expected ',' or", "a comma or a closing bracket is missing here"),
    ("document start", "something follows the end of the document: correct the spaces before it"),
    ("end of stream", "the text ends too early"),
)
"""What the library says, and what is said instead."""

_NEVER_ENDS = "a string starts here and never ends: its closing quotation mark is missing"


def describe(text: str, bad: Exception, opened: int) -> tuple[str, int]:
    """Say what is wrong in words that fit, and at which offset.

    Args:
        text: The text.
        bad: What the library raised.
        opened: Where the list or mapping begins that has not ended.
    """
    problem, context = str(getattr(bad, "problem", "") or ""), str(getattr(bad, "context", "") or "")
    at = min(offset(bad, "problem_mark"), len(text))
    begin = offset(bad, "context_mark") if getattr(bad, "context_mark", None) else at
    tab = text.find("\t", text.rfind("\n", 0, at) + 1, at + 1)
    if "quoted scalar" in context and ("end of stream" in problem or "document separator" in problem):
        said = _NEVER_ENDS, begin
    elif context.startswith("while parsing a flow") and at >= len(text.rstrip()):
        said = f"{text[opened : opened + 1]} is never closed", opened
    elif tab >= 0 and not text[text.rfind("\n", 0, tab) + 1 : tab].strip():
        said = "a tab is not allowed here in YAML: indent with spaces", tab
    elif text.startswith("\t", at) and "cannot start any token" in problem:
        said = "a tab is not allowed here in YAML: write spaces", at
    elif "cannot start any token" in problem:
        said = f"'{text[at : at + 1]}' cannot start a string without quotes: write the string in quotes", at
    elif "simple key" in context:
        said = "a key has no colon after it: write 'key: value', or the string in quotes", begin
    else:
        known = (advice for words, advice in _ADVICE if words in problem)
        said = next(known, ": ".join(filter(None, (context, problem))) or type(bad).__name__), at
    return said


def offset(holder: object, name: str) -> int:
    """Return the offset of a mark of the library's: of an event or an error."""
    index = getattr(getattr(holder, name, None), "index", 0)
    return index if isinstance(index, int) else 0
