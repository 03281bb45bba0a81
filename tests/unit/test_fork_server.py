"""The processes that the tests fork off."""

import subprocess
import sys
from pathlib import Path

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
