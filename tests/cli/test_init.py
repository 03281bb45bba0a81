"""``kore-convtest init``."""

import configparser
import json
import os
import pty
import signal
import subprocess
import sys

import pytest
import yaml
from cli.conftest import one_sentence
from cli.samples import STREAM

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.cli import find_version
from pytest_kore_convtest.cli.init import CI_FILES, SUITE

ALL = {"pytest.ini", SUITE, CI_FILES["github"][0]}


def files(folder):
    """Return the files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def settings(folder):
    """Return the keys of the ini file."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(folder / "pytest.ini")
    return dict(parser["pytest"])


def test_without_a_terminal_it_takes_the_defaults(kore, tmp_path):
    """Without options and terminal the defaults are written, and what comes next is said."""
    ended = kore("init")
    assert (ended.code, ended.err) == (0, "")
    assert files(tmp_path) == ALL
    assert settings(tmp_path) == {"kore_host": "https://bots.kore.ai", "kore_run": "inDevelopment"}
    assert "kore-convtest doctor" in ended.lines[-1]


def test_options(kore, tmp_path):
    """Host, bot, version and CI come from options."""
    words = ("--host", "xo.example.com", "--stream-id", STREAM, "--run", "published", "--ci", "gitlab")
    assert kore("init", *words).code == 0
    assert files(tmp_path) == {"pytest.ini", SUITE, ".gitlab-ci.yml"}
    assert settings(tmp_path) == {
        "kore_host": "https://xo.example.com",
        "kore_stream_id": STREAM,
        "kore_run": "published",
    }
    assert json.loads((tmp_path / SUITE).read_text())["botId"] == STREAM


def test_what_it_writes_is_green(kore):
    """The new project passes against the emulator, and lint finds nothing in its suite."""
    assert kore("init", "--ci", "none").code == 0
    assert kore("lint", SUITE).lines == ["no problems in 1 file"]
    pytest_run = (
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "pytest_kore_convtest",
        "conversations",
        "--kore-emulator",
    )
    done = subprocess.run(  # noqa: S603 - ours
        [*pytest_run, "-o", "kore_poll_interval=0.05"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "2 of 2 steps executed" in done.stdout


@pytest.mark.parametrize("ci", CI_FILES)
def test_every_ci_file(ci, tmp_path):
    """A CI file runs lint for everybody, the conversations with the secrets, and keeps the reports."""
    assert main(["init", "--ci", ci, "--yes"]) == 0
    text = (tmp_path / CI_FILES[ci][0]).read_text()
    if ci != "jenkins":
        assert isinstance(yaml.safe_load(text), dict)
    assert f'"pytest-kore-convtest[all]=={find_version()}"' in text
    assert 'pytest conversations -m "not kore_live"' in text
    assert "--junit-xml=reports/kore.xml" in text
    assert "--kore-html" in text
    for name in ("CLIENT_ID", "CLIENT_SECRET", "USER_EMAIL"):
        assert f"KORE_{name}" in text
    assert "fork" in text


@pytest.mark.parametrize("name", sorted(ALL))
def test_nothing_is_overwritten(kore, tmp_path, name):
    """When one file exists, nothing at all is written, and the file is named: exit code 4."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    one_sentence(kore("init"), 4, f"{name} exists", "--skip-existing")
    assert files(tmp_path) == {name}
    assert (tmp_path / name).read_text() == "mine"


def test_all_that_exists_is_named(kore):
    """When several files exist, one sentence names them all."""
    assert kore("init").code == 0
    one_sentence(kore("init"), 4, f"because pytest.ini, {SUITE}, {CI_FILES['github'][0]} exist: ")


def test_an_odd_bot_id(kore, tmp_path):
    """An id that does not look like a bot's is taken, and named among what to do next."""
    ended = kore("init", "--stream-id", "cs-1", "--ci", "none")
    assert "these ids begin with st-" in ended.out
    assert settings(tmp_path)["kore_stream_id"] == "cs-1"


def test_no_links_on_this_file_system(tmp_path, monkeypatch):
    """Where files cannot be linked they are written all the same, and what exists is still not replaced."""

    def refuse(*_args):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert main(["init", "--yes"]) == 0
    assert files(tmp_path) == ALL


def test_ctrl_c_instead_of_an_answer(begin, tmp_path):
    """Ctrl-C while it asks is exit code 2, and nothing is written."""
    ours, theirs = pty.openpty()
    process = begin("init", stdin=theirs, stdout=theirs)
    os.read(ours, 65536)  # the first question
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=100)[1]
    os.close(theirs)
    os.close(ours)
    assert (process.returncode, err) == (
        2,
        "kore-convtest init: error: interrupted before anything was written\n",
    )
    assert files(tmp_path) == set()


def test_a_dangling_link_is_not_written_through(kore, tmp_path):
    """A link that leads nowhere exists, too."""
    (tmp_path / "pytest.ini").symlink_to(tmp_path / "elsewhere")
    one_sentence(kore("init"), 4, "pytest.ini exists")
    assert not (tmp_path / "elsewhere").exists()


def test_existing_files_can_be_left(kore, tmp_path):
    """With ``--skip-existing`` the other files are written, and what to add is said."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    ended = kore("init", "--skip-existing")
    assert ended.code == 0
    assert (tmp_path / "pytest.ini").read_text() == "[pytest]\n"
    assert files(tmp_path) == ALL
    assert "left pytest.ini as it is; add to it: kore_host = https://bots.kore.ai" in ended.out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\n"),
        ("pyproject.toml", "[tool.pytest]\n"),
        ("tox.ini", "[pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
    ],
)
def test_pytest_is_configured_elsewhere(kore, tmp_path, name, text):
    """A new pytest.ini would hide what configures pytest already, so it is not written."""
    (tmp_path / name).write_text(text)
    one_sentence(kore("init"), 4, f"{name} configures pytest already")
    ended = kore("init", "--skip-existing")
    assert f"{name} configures pytest here" in ended.out
    assert not (tmp_path / "pytest.ini").exists()


def test_suites_that_are_there_need_no_example(tmp_path, capsys):
    """The other files are written."""
    (tmp_path / SUITE).parent.mkdir()
    there = (tmp_path / SUITE).with_name("mine.kore.json")
    there.write_text("{}")
    assert main(["init", "--yes", "--skip-existing"]) == 0
    assert f"left {SUITE} as it is: there are suites already" in capsys.readouterr().out
    assert files(tmp_path) == {*ALL, there.relative_to(tmp_path).as_posix()} - {SUITE}


def test_what_is_no_text_configures_nothing(tmp_path):
    """A file in another encoding is no reason against a pytest.ini."""
    (tmp_path / "setup.cfg").write_bytes("[tool:pytest]\n# für\n".encode("utf-16"))
    assert main(["init", "--yes"]) == 0
    assert files(tmp_path) == {*ALL, "setup.cfg"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "http://a.b"], "would send tokens in clear"),
        (["--host", "bots.kore.ai/api/public"], "is an endpoint"),
        (["--stream-id", "{{streamId}}"], "a template placeholder"),
        (["--stream-id", "st-1\nkore_jwt = x"], "line break"),
        (["--run", "later"], "--run: 'later' is not one of"),
        (["--ci", "travis"], "invalid choice"),
        (["--directory", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_values_that_cannot_be_used(kore, tmp_path, words, said):
    """A value that cannot be used is refused before anything is written."""
    one_sentence(kore("init", *words), 4, said)
    assert files(tmp_path) == set()


def test_all_or_nothing(tmp_path, monkeypatch, capsys):
    """When the last file cannot be written, those before it and their folders are removed."""
    (tmp_path / ".github").write_text("a file where a folder should be")
    assert main(["init", "--yes", "--ci", "github"]) == 4
    assert capsys.readouterr().err.count("\n") == 1
    assert files(tmp_path) == {".github"}
    assert not (tmp_path / "conversations").exists()


def test_on_a_terminal_it_asks(begin, tmp_path):
    """On a terminal it asks for what no option says, and asks again after a wrong answer."""
    ours, theirs = pty.openpty()
    process = begin("init", "--ci", "none", stdin=theirs, stdout=theirs)
    os.write(ours, f"xo.example.com\n:streamId\n{STREAM}\npublished\n".encode())
    err = process.communicate(timeout=100)[1]
    os.close(theirs)
    printed = os.read(ours, 65536).decode()
    os.close(ours)
    assert (process.returncode, err) == (0, "")
    assert "a path parameter from the documentation" in printed
    assert settings(tmp_path) == {
        "kore_host": "https://xo.example.com",
        "kore_stream_id": STREAM,
        "kore_run": "published",
    }


def test_no_answer(begin, tmp_path):
    """Ctrl-D instead of an answer writes nothing."""
    ours, theirs = pty.openpty()
    process = begin("init", stdin=theirs, stdout=theirs)
    os.write(ours, b"\x04")
    err = process.communicate(timeout=100)[1]
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 4
    assert "nothing was written" in err
    assert files(tmp_path) == set()
