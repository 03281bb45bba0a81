"""What was tested, with what, where and when: gathered once, at the end of a run."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Mapping
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from pytest_kore_convtest.reports.record import Evidence, Git, Setting
from pytest_kore_convtest.settings.options import SECRETS, TABLE
from pytest_kore_convtest.settings.values import ImportJob, Secret, Shard, Target, describe_path

if TYPE_CHECKING:
    from pytest_kore_convtest.settings.settings import Settings

SECRET_FILES = frozenset({"client_secret_file", "jwt_file"})
"""Settings in whose place a secret itself is often given."""

_CHECKOUTS = (
    ("GITHUB_SHA", ("GITHUB_HEAD_REF", "GITHUB_REF_NAME")),
    ("CI_COMMIT_SHA", ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME")),
    ("BUILD_SOURCEVERSION", ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH")),
    ("CIRCLE_SHA1", ("CIRCLE_BRANCH",)),
    ("BITBUCKET_COMMIT", ("BITBUCKET_BRANCH",)),
    ("BUILDKITE_COMMIT", ("BUILDKITE_BRANCH",)),
    ("TRAVIS_COMMIT", ("TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH")),
    ("GIT_COMMIT", ("CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH")),
)
"""Environment names of the commit and the branch that a CI service tests: GitHub, GitLab, Azure, CircleCI,
Bitbucket, Buildkite, Travis and Jenkins."""

_COMMIT = re.compile("[0-9a-f]{7,64}")

_LONGEST_WAIT = 5.0
"""Seconds that ``git`` may take; a report is not worth more."""

_GIT_NEEDS = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "GIT_DIR", "GIT_WORK_TREE")
"""What ``git`` gets of the environment: no secret of ours is among it."""


def tell_evidence(settings: Settings, env: Mapping[str, str], root: Path) -> Evidence:
    """Tell all that is known before a run's end; times, exit code, shard and clock skew are left open.

    Args:
        settings: The settings as the run used them.
        env: The environment.
        root: The folder whose checkout is named.
    """
    return Evidence(
        plugin=_version_of("pytest-kore-convtest"),
        pytest=_version_of("pytest"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        host=settings.host or "",
        stream_id=settings.stream_id or "",
        target=settings.target or "",
        protected=settings.protected,
        emulator=settings.emulator,
        requested_version=settings.run or "",
        shard=None,
        bot_build=None,
        git=read_git(root, env),
        ci=find_ci(env),
        started_at="",
        ended_at="",
        clock_skew=None,
        exit_code=None,
        interrupted=False,
        stopped="",
        deselected=0,
        settings=[
            Setting(name=row.ini_key, value=_say(settings, row.name), source=settings.source(row.name))
            for row in TABLE
        ],
    )


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # used from a checkout that nobody installed
        return "unknown"


def _say(settings: Settings, name: str) -> str:
    """Return a setting's value the way a person would type it; of a secret only that it is set."""
    value: object = getattr(settings, name)
    if value is not None and (name in SECRETS or isinstance(value, Secret)):
        return "set"
    if value is None and settings.source(name) != "default":
        return "off"
    if isinstance(value, Path):
        return describe_path(value, may_be_secret=name in SECRET_FILES)
    return _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, ImportJob):
        return f"{value.label}={value.id}"
    if isinstance(value, Shard):
        return str(value)
    if isinstance(value, Target):
        return f"{value.name} {value.host} {value.stream_id}{' protected' * value.protected}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(key)} = {_plain(entry)}" for key, entry in value.items())
    if isinstance(value, (tuple, list, set, frozenset)):
        return ", ".join(map(_plain, value))
    return _plain_scalar(value)


def _plain_scalar(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return "off" if isinf(value) else f"{value:.15g}"
    return "" if value is None else str(value)


def read_git(root: Path, env: Mapping[str, str]) -> Git | None:
    """Ask ``git`` for the checkout of a folder, and the CI service for what git does not know.

    CI checks a commit out and no branch, and a container may have no ``git``. Nothing is said of a remote
    repository: its address may hold a password.
    """
    ci = find_checkout(env)
    found = _read_status(_ask_git(root, env, "status", "--porcelain=v2", "--branch") or "")
    if found is None or ci is None or found["branch"] or found["commit"] != ci["commit"]:
        return found or ci
    return {**found, "branch": ci["branch"]}


def _read_status(text: str) -> Git | None:
    lines = text.splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    commit, branch = heads.get("branch.oid", ""), heads.get("branch.head", "")
    if not _COMMIT.fullmatch(commit):
        return None
    is_dirty = any(not line.startswith("# ") for line in lines)
    return Git(commit=commit, branch="" if branch == "(detached)" else branch, dirty=is_dirty)


def find_checkout(env: Mapping[str, str]) -> Git | None:
    """Return the commit and branch that the CI service says it tests."""
    for commit, branches in _CHECKOUTS:
        if _COMMIT.fullmatch(env.get(commit, "")):
            branch = next((env[name] for name in branches if env.get(name)), "")
            branch = branch.removeprefix("refs/heads/").removeprefix("origin/")
            return Git(commit=env[commit], branch=branch, dirty=None)
    return None


def _ask_git(root: Path, env: Mapping[str, str], *words: str) -> str | None:
    known = {name: env[name] for name in _GIT_NEEDS if name in env}
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "--no-optional-locks", *words],  # noqa: S607 - whichever git the user has
            cwd=root,
            env=known,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LONGEST_WAIT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_ci(env: Mapping[str, str]) -> str:
    """Return the address of the CI run; empty when there is none.

    The names are those of GitHub Actions, GitLab, Jenkins, CircleCI and Azure Pipelines.
    """
    if env.get("GITHUB_RUN_ID") and env.get("GITHUB_REPOSITORY"):
        server = env.get("GITHUB_SERVER_URL", "https://github.com")
        return _clean(f"{server}/{env['GITHUB_REPOSITORY']}/actions/runs/{env['GITHUB_RUN_ID']}")
    if env.get("SYSTEM_COLLECTIONURI") and env.get("BUILD_BUILDID"):
        project = quote(env.get("SYSTEM_TEAMPROJECT", ""))
        build = env["BUILD_BUILDID"]
        return _clean(f"{env['SYSTEM_COLLECTIONURI']}{project}/_build/results?buildId={build}")
    names = ("CI_JOB_URL", "CI_PIPELINE_URL", "CIRCLE_BUILD_URL", "BUILD_URL")
    return next((_clean(env[name]) for name in names if env.get(name)), "")


def _clean(address: str) -> str:
    """Return an address without what may be a password in it; empty for what is none."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
