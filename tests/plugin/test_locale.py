"""Names that the locale cannot encode are escaped, in node ids and in what we print."""

import json
import os
import subprocess
import sys

import pytest
from plugin.test_foreign_text import make_suite

NAMES = {"é": "\\xe9", "漢": "\\u6f22", "🤖": "\\U0001f916"}


def start(pytester, *args, **env):
    """Run pytest in a process of its own, without UTF-8; return its exit code and output in bytes."""
    left = {key: value for key, value in os.environ.items() if key not in {"PYTHONIOENCODING", "LANG"}}
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "-v", *args],
        cwd=pytester.path,
        capture_output=True,
        check=False,
        env={**left, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **env},
    )
    return done.returncode, done.stdout + done.stderr


def write(pytester):
    """Write a suite file whose names are beyond ASCII."""
    text = json.dumps(make_suite("".join(NAMES), "Größe?", "schön"), ensure_ascii=False)
    (pytester.path / "a.kore.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_a_locale_without_letters(pytester, account, locale):
    """Every item is run; names are escaped as pytest escapes parameters."""
    write(pytester)
    account.bot({"ONCONNECT": ["Hi"], "Größe?": ["schön"]})
    code, said = start(pytester, "--kore-run=inDevelopment", "--kore-html=ö.html", LC_ALL=locale)
    assert (code, b"UnicodeEncodeError" in said) == (0, False), said
    assert "a.kore.json::{}{}{}::step 02 Gr\\xf6\\xdfe?".format(*NAMES.values()).encode() in said
    assert said.isascii()


def test_no_escaping_where_pytest_escapes_nothing(pytester):
    """Under UTF-8, and with pytest's own switch, names are as they are in the file."""
    write(pytester)
    _, said = start(pytester, "--collect-only", "-q", LC_ALL="C.UTF-8")
    assert "<SuiteNode é漢🤖>".encode() in said
    switch = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support=true"
    _, said = start(pytester, "--collect-only", "-q", "-o", switch, LC_ALL="C")
    assert b"<SuiteItem lint>" in said
