"""The processes that the tests fork off."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fork_server import start_module

CODE = """
import os, sys, tempfile
from pathlib import Path
sys.path.insert(0, {tests!r})
import fork_server
fork_server.choose_socket_folder()
folder = Path({folder!r})
folder.mkdir()
os.environ["TMPDIR"], tempfile.tempdir = str(folder), None
print(fork_server.run_module("platform", cwd=folder)[0], [path.name for path in folder.iterdir()])
"""


def test_a_tests_own_temporary_folder_is_not_the_servers(tmp_path):
    """Whichever test comes first, its TMPDIR may be too long for a socket, and its content is the test's."""
    code = CODE.format(tests=str(Path(__file__).parents[1]), folder=str(tmp_path / ("long" * 30)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.stdout == "0 []\n", done.stderr


@pytest.fixture
def start(tmp_path):
    """Start a script as a process of its own."""
    started = []

    def begin(text, **more):
        (tmp_path / "begun.py").write_text(text)
        started.append(start_module("begun", "word", cwd=tmp_path, **more))
        return started[-1]

    yield begin
    for process in started:
        process.stdout.close()


def test_what_goes_on_prints_takes_signals_and_ends(start):
    """As with subprocess: its lines come while it runs, it gets signals, and its code is known."""
    process = start("import sys, time\nprint(sys.argv[1:], flush=True)\ntime.sleep(60)")
    assert next(process.stdout) == "['word']\n"
    assert process.returncode is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", None)
    assert process.returncode == 1
    process.send_signal(signal.SIGINT)  # to nobody


@pytest.mark.parametrize(
    ("word", "code"), [("", 0), ("import sys; sys.exit(3)", 3), ("import os; os.abort()", -6)]
)
def test_how_it_ended_is_known(start, word, code):
    """Its exit code, or the signal that ended it."""
    assert start(word).wait(60) == code


def test_what_goes_on_for_too_long_is_killed(start):
    """Nothing is left behind by a test that fails."""
    process = start("print('a', flush=True)\nimport signal; signal.pause()")
    assert next(process.stdout) == "a\n"
    assert process.wait(0.01) == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_its_errors_may_be_among_what_it_prints(start):
    """Unbuffered, as the environment says, they stand in their order."""
    text = "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')"
    process = start(text, env={**os.environ, "PYTHONUNBUFFERED": "1"}, merged=True)
    assert process.communicate() == ("a\nb\nc\n", None)
