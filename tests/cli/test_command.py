"""The command as a whole: help, version, exit codes, completion, start-up."""

import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from threading import Thread

import pytest
from cli.conftest import one_sentence
from cli.samples import suite

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.cli import COMMANDS, find_version
from pytest_kore_convtest.cli.parser import load, make_parser
from pytest_kore_convtest.suites.schema import write_schema
from pytest_kore_convtest.suites.yaml.schema import write_yaml_schema

HEAVY = ("requests", "urllib3", "pydantic", "jwt", "werkzeug", "jinja2", "pytest", "_pytest", "ssl", "email")


def test_the_version_is_that_of_the_package(kore):
    """``--version`` names the command and the installed version."""
    ended = kore("--version")
    assert (ended.code, ended.out) == (0, f"kore-convtest {version('pytest-kore-convtest')}\n")


def test_an_unknown_version(monkeypatch, tmp_path):
    """A checkout that nobody installed has no version, and that is no crash."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    assert find_version() == "unknown"


def test_the_console_script_is_the_module():
    """``kore-convtest`` and ``python -m pytest_kore_convtest`` run the same function."""
    found = [one for one in entry_points(group="console_scripts") if one.name == "kore-convtest"]
    assert [one.value for one in found] == ["pytest_kore_convtest.__main__:run_command"]


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_load_next_to_nothing(words):
    """Help and version load neither ``argparse`` nor any library, so that they are there at once."""
    code = (
        "import sys; before = set(sys.modules);"
        f" from pytest_kore_convtest.__main__ import main; main({words});"
        " print(*sorted(set(sys.modules) - before), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    loaded = done.stdout.splitlines()
    ours = {name for name in loaded if name.startswith("pytest_kore_convtest")}
    assert ours == {"pytest_kore_convtest", "pytest_kore_convtest.__main__", "pytest_kore_convtest.cli"}
    assert not {"argparse", *HEAVY} & set(loaded)


def test_completion_loads_no_library():
    """Completion is made from the parsers alone, without a library."""
    code = (
        "import sys; from pytest_kore_convtest.__main__ import main; main(['completion', 'bash']);"
        f"print('HEAVY', *[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == "HEAVY"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(name, capsys):
    """``COMMAND --help`` begins with three examples, describes the command, and lists its options."""
    assert main([name, "--help"]) == 0
    first, *examples, blank, usage = capsys.readouterr().out.splitlines()[:6]
    assert (first, blank) == ("examples:", "")
    assert all(line.startswith(f"  kore-convtest {name}") for line in examples)
    assert usage.startswith(f"usage: kore-convtest {name}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_are_right(name):
    """Every example of a help text has arguments that the command takes."""
    for line, _ in load(name).EXAMPLES:
        command, *words = line.partition(" > ")[0].partition(" -- ")[0].split()
        assert command == name
        make_parser(name).parse_args(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wrong_option_is_wrong_use(name, capsys):
    """An option that does not exist is one sentence on stderr and exit code 4."""
    assert main([name, "--what"]) == 4
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"kore-convtest {name}: error: ")


def test_the_schema_of_yaml_files_is_printed(capsys):
    """It is another one than that of JSON files."""
    assert [main(["schema", *words]) for words in (["yaml"], [])] == [0, 0]
    assert capsys.readouterr().out == f"{write_yaml_schema()}\n{write_schema()}\n"
    assert "Start_Flow" in write_yaml_schema() != write_schema()


def test_a_command_runs_in_any_thread(capsys):
    """Where it cannot take signals it takes none."""
    codes = []
    thread = Thread(target=lambda: codes.append(main(["schema"])))
    thread.start()
    thread.join()
    assert codes == [0]
    assert capsys.readouterr().out == f"{write_schema()}\n"


def test_a_command_leaves_sigterm_to_whom_it_belongs(capsys):
    """Somebody else's handler is there during the command and after it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert main(["schema"]) == 0
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == ""


def test_an_unknown_command_is_answered_with_all(capsys):
    """A word that is near to no command is answered with the list of them."""
    assert main(["xyz"]) == 4
    said = capsys.readouterr().err
    assert all(name in said for name in COMMANDS)


@pytest.mark.parametrize("name", ["import", "clean", "lint", "report", "doctor"])
@pytest.mark.parametrize("kind", ["missing", "folder", "unreadable"])
def test_paths_that_cannot_be_read(name, kind, kore, tmp_path):
    """A missing file, a folder and an unreadable file are one sentence and exit code 4."""
    path = tmp_path / "it"
    if kind == "folder":
        path.mkdir()
    if kind == "unreadable":
        path.write_text("{}")
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user can read everything")
    if name == "doctor" and kind != "missing":
        pytest.skip("doctor looks into folders, and names what it cannot read")
    more = ["--json", "out.json"] if name == "report" else []
    one_sentence(kore(name, path, *more), 4, "it")
    assert not (tmp_path / "out.json").exists()


def test_a_reader_that_has_seen_enough(begin):
    """A pipe that closes early ends the command quietly, and as interrupted: nobody saw the rest."""
    process = begin("completion", "bash")
    process.stdout.close()
    process.stdout = None
    err = process.communicate(timeout=100)[1]
    assert (process.returncode, err) == (2, "")


@pytest.mark.parametrize(("name", "code"), [("lint", 1), ("import", 1), ("doctor", 4)])
def test_a_pipe_is_not_waited_for(name, code, kore, tmp_path):
    """A pipe into which nobody writes is told as what it is; nobody waits for it."""
    os.mkfifo(tmp_path / "pipe")
    ended = kore(name, "pipe")
    assert ended.code == code
    assert "pipe" in ended.out + ended.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the devices of Linux")
@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["lint", "--help"], ["lint", "a.json"], ["schema"]], ids=" ".join
)
def test_a_full_disk(begin, tmp_path, words):
    """Output that cannot be written is one sentence and exit code 4."""
    (tmp_path / "a.json").write_text(suite())
    with Path("/dev/full").open("w") as full:
        process = begin(*words, stdout=full)
        err = process.communicate(timeout=100)[1]
    said = "kore-convtest: error: cannot write to standard output: No space left on device\n"
    assert (process.returncode, err) == (4, said)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", [["--version"], ["lint", "a.json"], ["init", "--ci", "none"]], ids=" ".join)
def test_closed_streams(tmp_path, words, closed):
    """Without standard input, output or errors the exit code is what it always is."""
    (tmp_path / "a.json").write_text(suite())
    command = [sys.executable, "-m", "pytest_kore_convtest", *words]
    shell = ["sh", "-c", f'"$@" {closed}', "sh", *command]
    done = subprocess.run(shell, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_option(shell, capsys):
    """A completion script holds every command and every option of it."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name in COMMANDS:
        assert name in script
        for action in make_parser(name)._actions:
            for option in action.option_strings:
                assert option.lstrip("-") in script


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_valid(shell, capsys, tmp_path):
    """A shell that is installed accepts its script."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    path = tmp_path / "script"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert subprocess.run([shell, "-n", path], check=False, capture_output=True).returncode == 0  # noqa: S603


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kore-convtest do", "doctor"),
        ("kore-convtest import --wa", "--wait"),
        ("kore-convtest lint --list", "--list-rules"),
        ("kore-convtest completion fi", "fish"),
    ],
)
def test_bash_completes(line, expected, capsys):
    """In bash, the beginning of a word is completed."""
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    words = line.split()
    script += f'\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _kore_convtest; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert done.stdout.strip() == expected


def test_a_terminal_of_few_letters(kore, monkeypatch):
    """Where the output takes ASCII only, other letters are escaped, and nothing breaks."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    ended = kore("init", "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "st-\\u2026" in ended.out


def test_a_name_that_a_terminal_would_obey(kore):
    """A file's name is shown, never obeyed."""
    ended = kore("lint", "a\x1b[31m\n.json")
    one_sentence(ended, 4, "a\\x1b[31m\\n.json")


BROKEN = {
    "option": (b"[pytest]\naddopts = --no-such-option\n", "--no-such-option"),
    "syntax": (b"[pytest\n", "pytest.ini:1"),
    "encoding": (b"\xff\xfe", "can't decode byte 0xff"),
}


@pytest.mark.parametrize("words", [["doctor"], ["import", "a.json"], ["lint", "a.json"]], ids=" ".join)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_ini_file(kore, tmp_path, words, kind):
    """When pytest cannot read its configuration, the reason is said: exit code 4 and no traceback."""
    if (words[0], kind) == ("lint", "option"):
        pytest.skip("lint goes on without addopts")
    content, said = BROKEN[kind]
    (tmp_path / "a.json").write_text(suite())
    (tmp_path / "pytest.ini").write_bytes(content)
    ended = kore(*words)
    assert ended.code == 4
    assert said in ended.err
    assert "Traceback" not in ended.err
