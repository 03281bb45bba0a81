"""What another system lacks or forbids, as far as it can be simulated here: the main job works all the same.

Nobody ran these tests on Windows. What they simulate: functions and signals that exist on POSIX only,
a console that knows few letters, files that nobody can remove, replace or rename while a process has them
open, line ends of two characters, names that are reserved there, identifiers with path separators.
"""

import json
import os
import subprocess
import sys

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs import store

SUITE = {
    "testCases": [
        {
            "name": "CON",
            "messages": [
                {"input": "ONCONNECT", "outputs": [{"contains": "Grüße 漢"}]},
                {"input": "aux\\..\\..\\nul", "outputs": [{"contains": "y"}]},
            ],
        }
    ]
}
SIMULATED = '''
import glob, os, shutil, signal

for name in ("fchown", "mkfifo", "O_NOCTTY"):  # pytest itself needs getuid here
    delattr(os, name)
for name in ("SIGHUP", "SIGQUIT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGTSTP", "SIGTTIN"):
    delattr(signal, name)
shutil._use_fd_functions = False  # as there: whatever is removed is removed by its name


def opened():
    """Return the files that this process, the one that started it and those that it started have open."""
    pids = {os.getpid(), os.getppid()}
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as file:
                pid, _, rest = file.read().partition(" ")
            if int(rest.rpartition(")")[2].split()[1]) in pids | {os.getpid()}:
                pids.add(int(pid))
        except OSError:
            pass
    for pid in pids:
        for link in glob.glob(f"/proc/{pid}/fd/*"):
            try:
                yield os.readlink(link)
            except OSError:
                pass


def guard(function):
    def guarded(*args, **more):
        # Python 3.10 gives an object of pathlib as the first argument.
        args = [one for one in args if isinstance(one, (str, bytes, os.PathLike))]
        for path in args:
            path = os.path.realpath(os.fspath(path))
            if any(one == path or one.startswith(path + os.sep) for one in opened()):
                raise PermissionError(13, "The process cannot access the file", path)
        return function(*args, **more)
    return guarded


for name in ("unlink", "remove", "rmdir", "rename", "replace"):
    setattr(os, name, guard(getattr(os, name)))
'''


@pytest.fixture
def there(pytester, tmp_path, monkeypatch):
    """Start something in a process that lacks what another system lacks; return code and output in bytes."""
    site, temporary = tmp_path / "site", tmp_path / "temporary"
    site.mkdir()
    temporary.mkdir()
    (site / "sitecustomize.py").write_text(SIMULATED, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    monkeypatch.setenv("TMPDIR", str(temporary))

    def start(*args):
        command = [sys.executable, "-m", *args]
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            command, cwd=pytester.path, capture_output=True, check=False, env=dict(os.environ)
        )
        said = (done.stdout + done.stderr).decode("cp1252")
        assert "Traceback" not in said, said
        return done.returncode, said, sorted(path.name for path in temporary.iterdir())

    return start


@pytest.fixture
def suite(pytester):
    """Write a suite file with the line ends and the names of another system."""
    text = json.dumps(SUITE, ensure_ascii=False, indent=2).replace("\n", "\r\n")
    (pytester.path / "a.kore.json").write_bytes(text.encode())


@pytest.mark.usefixtures("suite")
@pytest.mark.parametrize("more", [(), ("-p", "xdist", "-n", "2")], ids=["plain", "xdist"])
def test_the_main_job(there, pytester, account, more):
    """A suite is imported and run, all reports are written, and nothing of ours is left behind."""
    account.bot({"ONCONNECT": ["Grüße 漢"], "aux\\..\\..\\nul": ["y"]})
    reports = [f"--kore-{form}=reports/r.{form}" for form in ("html", "json", "markdown")]
    args = ["-p", "pytest_kore_convtest", "-p", "no:cacheprovider", "--kore-run=inDevelopment", *reports]
    code, said, left = there("pytest", *args, *more)
    assert code == 0, said
    assert "2 of 2 steps executed, all passed" in said
    assert sorted(path.name for path in (pytester.path / "reports").iterdir()) == [
        "r.html",
        "r.json",
        "r.markdown",
    ]
    assert [name for name in left if name.startswith("kore-")] == []
    assert len(account.uploads) == 1


@pytest.mark.usefixtures("suite")
def test_update_keeps_the_line_ends(there, pytester, account):
    """What the bot said is written into the file, and no other byte changes."""
    account.bot({"ONCONNECT": ["Grüße 漢"], "aux\\..\\..\\nul": ["z"]})
    path = pytester.path / "a.kore.json"
    before = path.read_bytes()
    args = ["-p", "pytest_kore_convtest", "-p", "no:cacheprovider", "--kore-run=inDevelopment"]
    code, said, _ = there("pytest", *args, "--kore-update")
    assert (code, path.read_bytes()) == (1, before.replace(b'"y"', b'"z"')), said


@pytest.mark.usefixtures("suite")
def test_the_command(there, pytester):
    """The command writes to a console that knows few letters, and files under their own names."""
    code, said, _ = there("pytest_kore_convtest", "lint", "a.kore.json")
    assert code == 0, said
    code, said, _ = there("pytest_kore_convtest", "convert", "a.kore.json")
    assert code == 0, said
    assert (pytester.path / "a.kore.yaml").is_file()


@pytest.mark.parametrize("name", ["ds-../../x", "ds-a\\b", "ds-a/b", "ds-C:x", "ds-NUL"])
def test_an_id_is_no_path(there, pytester, account, name):
    """A job id stands in no file's name, whatever is in it: it is refused, or asked for and unknown."""
    args = ["-p", "pytest_kore_convtest", "-p", "no:cacheprovider", "-p", "xdist", "-n", "1", "--kore-gate"]
    code, said, left = there("pytest", *args, f"--kore-ds-id={name}", "--kore-timeout=1")
    assert code in {1, 4}, said
    assert [one for one in left if one.startswith("kore-")] == []
    assert [path.name for path in pytester.path.iterdir() if path.suffix not in {".py", ""}] == []


def test_what_somebody_reads_is_replaced_a_little_later(tmp_path, monkeypatch):
    """Where a file that another process has open cannot be replaced, the store tries again."""
    refusals, pauses, replace = ["a", "b", "c"], [], os.replace

    def replace_later(source, target):
        if refusals:
            raise PermissionError(13, f"The process cannot access the file {refusals.pop()}")
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_later)
    monkeypatch.setattr(store, "sleep", pauses.append)
    kept = store.JobStore(tmp_path / "store")
    kept.leave("a", {"what": 1})
    assert (kept.find("a"), len(pauses)) == ({"what": 1}, 3)


def test_what_can_never_be_replaced_is_an_error(tmp_path, monkeypatch):
    """Nothing is lost of what was there, and no draft is left behind."""

    def refuse(_source, _target):
        raise PermissionError(13, "The process cannot access the file")

    pauses = []
    kept = store.JobStore(tmp_path / "store")
    kept.leave("a", {"what": 1})
    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr(store, "sleep", pauses.append)
    with pytest.raises(ConfigError, match="cannot access the file"):
        kept.leave("a", {"what": 2})
    assert (kept.find("a"), len(list((tmp_path / "store").iterdir()))) == ({"what": 1}, 1)
    assert sum(pauses) < 1
