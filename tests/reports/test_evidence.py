"""What a report says of the circumstances of a run."""

import os
import subprocess

import pytest

from pytest_kore_convtest.reports.evidence import find_ci, read_git, tell_evidence
from pytest_kore_convtest.settings.settings import Settings

SECRET = "s" * 40


@pytest.fixture
def checkout(tmp_path):
    """Make a repository with one commit; give a way to call git in it."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=n", "-c", "user.email=e@example.com")

    def git(*words):
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, env=env, capture_output=True, check=True)  # noqa: S603, S607 - fixed words
        return done.stdout.decode().strip()

    git("init", "-q", "-b", "main")
    (tmp_path / "a").write_text("a")
    git("add", "a")
    git("commit", "-q", "-m", "a")
    return tmp_path, git


def test_a_checkout_is_named(checkout):
    """Commit and branch are told, and whether anything is not committed."""
    path, git = checkout
    env = {"PATH": os.environ["PATH"], "HOME": str(path)}
    assert read_git(path, env) == {"commit": git("rev-parse", "HEAD"), "branch": "main", "dirty": False}
    (path / "b").write_text("b")
    found = read_git(path, env)
    assert found is not None
    assert found["dirty"]


def test_a_checkout_of_no_branch_has_none(checkout):
    """CI checks a commit out, not a branch."""
    path, git = checkout
    git("checkout", "-q", "--detach")
    found = read_git(path, {"PATH": os.environ["PATH"], "HOME": str(path)})
    assert found is not None
    assert found["branch"] == ""


@pytest.mark.parametrize(
    ("env", "branch"),
    [
        ({"GITHUB_SHA": "", "GITHUB_HEAD_REF": "fix", "GITHUB_REF_NAME": "7/merge"}, "fix"),
        ({"GITHUB_SHA": "", "GITHUB_HEAD_REF": "", "GITHUB_REF_NAME": "main"}, "main"),
        ({"CI_COMMIT_SHA": "", "CI_COMMIT_REF_NAME": "main"}, "main"),
        ({"BUILD_SOURCEVERSION": "", "BUILD_SOURCEBRANCH": "refs/heads/a/b"}, "a/b"),
        ({"CIRCLE_SHA1": "", "CIRCLE_BRANCH": "main"}, "main"),
        ({"GIT_COMMIT": "", "GIT_BRANCH": "origin/main"}, "main"),
    ],
)
def test_the_ci_service_names_the_branch(checkout, env, branch):
    """Of a commit that CI checked out, the branch is what the service says; git says the rest."""
    path, git = checkout
    git("checkout", "-q", "--detach")
    commit = git("rev-parse", "HEAD")
    env = {name: value or commit for name, value in env.items() if value or not name.endswith("REF")}
    found = read_git(path, {"PATH": os.environ["PATH"], "HOME": str(path), **env})
    assert found == {"commit": commit, "branch": branch, "dirty": False}


def test_the_ci_service_is_not_believed_of_another_commit(checkout):
    """What the service says of one repository is not said of another one that was checked out beside it."""
    path, git = checkout
    git("checkout", "-q", "--detach")
    env = {"PATH": os.environ["PATH"], "HOME": str(path), "GITHUB_SHA": "a" * 40, "GITHUB_REF_NAME": "x"}
    found = read_git(path, env)
    assert found is not None
    assert found["branch"] == ""


def test_without_git_the_ci_service_is_believed(tmp_path):
    """In a container without git commit and branch are the service's, and local changes are not known."""
    env = {"PATH": str(tmp_path), "CIRCLE_SHA1": "a" * 40, "CIRCLE_BRANCH": "main"}
    assert read_git(tmp_path, env) == {"commit": "a" * 40, "branch": "main", "dirty": None}
    assert read_git(tmp_path, {**env, "CIRCLE_SHA1": "https://me:pw@example.com"}) is None


def test_git_is_asked_once_and_for_no_remote(tmp_path):
    """One call is all, and it names no repository of others."""
    spy = tmp_path / "git"
    spy.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/seen\n')
    spy.chmod(0o755)
    read_git(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert (tmp_path / "seen").read_text() == "--no-optional-locks status --porcelain=v2 --branch\n"


def test_no_checkout_or_no_git_is_none(tmp_path):
    """A folder outside any repository is no checkout, and without git nothing is known."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_DIR": str(tmp_path / "none")}
    assert read_git(tmp_path, env) is None
    assert read_git(tmp_path, {"PATH": str(tmp_path)}) is None


def test_git_gets_no_secret(tmp_path):
    """Of the environment git is given what it needs, and nothing of ours."""
    spy = tmp_path / "git"
    spy.write_text(f"#!/bin/sh\nenv >> {tmp_path}/seen\necho x\n")
    spy.chmod(0o755)
    read_git(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin", "KORE_CLIENT_SECRET": SECRET, "OTHER": SECRET})
    assert "PATH=" in (tmp_path / "seen").read_text()
    assert SECRET not in (tmp_path / "seen").read_text()


@pytest.mark.parametrize(
    ("env", "address"),
    [
        ({}, ""),
        (
            {
                "GITHUB_RUN_ID": "7",
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_SERVER_URL": "https://git.example.com",
            },
            "https://git.example.com/o/r/actions/runs/7",
        ),
        ({"CI_JOB_URL": "https://gitlab.example.com/j/1"}, "https://gitlab.example.com/j/1"),
        (
            {
                "SYSTEM_COLLECTIONURI": "https://dev.example.com/o/",
                "SYSTEM_TEAMPROJECT": "a b",
                "BUILD_BUILDID": "9",
            },
            "https://dev.example.com/o/a%20b/_build/results?buildId=9",
        ),
        ({"BUILD_URL": "https://me:pw@jenkins.example.com/1/"}, "https://jenkins.example.com/1/"),
        ({"BUILD_URL": "javascript:alert(1)"}, ""),
    ],
)
def test_the_address_of_the_ci_run(env, address):
    """Each well-known CI service says where its run can be looked at; a password is not passed on."""
    assert find_ci(env) == address


def test_every_setting_is_told_with_its_source(tmp_path):
    """Secrets are only "set"; what nobody set is told as well, with its default."""
    settings = Settings.read(
        env={"KORE_HOST": "bots.kore.ai"}, client_secret=SECRET, stream_id="st-1", timeout=5
    )
    evidence = tell_evidence(settings, {"PATH": ""}, tmp_path)
    told = {one["name"]: (one["value"], one["source"]) for one in evidence["settings"]}
    assert told["kore_client_secret"] == ("set", "command line")
    assert told["kore_host"] == ("https://bots.kore.ai", "environment")
    assert told["kore_timeout"] == ("5", "command line")
    assert told["kore_max_parallel"] == ("4", "default")
    assert told["kore_jwt"] == ("", "default")
    assert SECRET not in str(evidence)
    assert evidence["bot_build"] is None
