"""What makes the names of a test run's suites its own: the CI build's id, then chance."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILD_IDS = (
    ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    ("CI_PIPELINE_ID", "CI_JOB_ID"),
    ("BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),
    ("BUILDKITE_BUILD_NUMBER",),
    ("BITBUCKET_BUILD_NUMBER",),
    ("TRAVIS_BUILD_NUMBER",),
    ("CODEBUILD_BUILD_NUMBER",),
    ("CIRCLE_WORKFLOW_ID",),
    ("BUILD_NUMBER",),
)
"""Environment names of a CI build's id and, where there is one, of its attempt or job: GitHub, GitLab, Azure,
Buildkite, Bitbucket, Travis, AWS, CircleCI, Jenkins and TeamCity."""

_LONGEST_BUILD = 40
"""Characters of a build's id that are kept: the name of a suite stays readable."""

_UNIQUE = 5
"""Random bytes that make a test run's name its own: the jobs of a matrix share their build's id."""


def make_run_name(env: Mapping[str, str]) -> str:
    """Name a test run: the CI build, when there is one, then what no other process tree has."""
    unique = secrets.token_hex(_UNIQUE)
    build = find_build(env)
    return f"{build}-{unique}" if build else unique


def find_build(env: Mapping[str, str]) -> str:
    """Return a readable id of the CI build, and of its attempt or job; empty when there is none."""
    for names in BUILD_IDS:
        parts = [re.sub(r"[^A-Za-z0-9]+", "-", env.get(name, "")).strip("-") for name in names]
        if parts[0]:
            return "-".join(filter(None, parts))[:_LONGEST_BUILD].strip("-")
    return ""
