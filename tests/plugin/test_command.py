"""``python -m pytest_kore_convtest``."""

import sys

import pytest

from pytest_kore_convtest.__main__ import main


def test_usage(pytester):
    """Without a command it prints its usage."""
    result = pytester.run(sys.executable, "-m", "pytest_kore_convtest")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["usage: python -m pytest_kore_convtest COMMAND*", "*emulator*"])


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help(word, capsys):
    """--help prints the usage and succeeds."""
    assert main([word]) == 0
    assert capsys.readouterr().out.startswith("usage: python -m pytest_kore_convtest")


def test_an_unknown_command(capsys):
    """An unknown command is exit code 2 and one sentence on stderr."""
    assert main(["emulate"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("unknown command 'emulate'\n")


def test_the_emulator_has_its_own_help(capsys):
    """``emulator --help`` lists its options."""
    assert main(["emulator", "--help"]) == 0
    assert "--job-polls" in capsys.readouterr().out


def test_the_emulator_refuses_a_bad_option(capsys):
    """A wrong option of ``emulator`` is exit code 2 without a traceback."""
    assert main(["emulator", "--port", "many"]) == 2
    assert "many" in capsys.readouterr().err
