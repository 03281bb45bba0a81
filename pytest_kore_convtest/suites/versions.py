"""The versions of a bot: what the platform calls them, and what they are called when a run is asked for."""

from __future__ import annotations

import re

_VERSIONS = {
    "published": "published",
    "configured": "inDevelopment",
    "indevelopment": "inDevelopment",
}
"""The platform's words for a version, folded: ``configured`` is what it calls ``inDevelopment``."""


def read_version(word: str) -> str:
    """Return the version that a word of the platform means, as it is asked for; empty when unknown."""
    return _VERSIONS.get(re.sub(r"[\s_-]", "", word).lower(), "")


def explain_version(word: str) -> str:
    """Return a word of the platform for a version, with what it means where it is another word."""
    meant = read_version(word)
    return word if not meant or meant == word else f"{word} (the platform's word for {meant})"
