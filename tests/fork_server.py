"""Processes that begin warm: forked off one that has loaded everything, instead of started from nothing.

An interpreter that loads pytest, pydantic and requests takes half a second of a processor, and the tests
need hundreds. Here a server loads them once for each process of the outer run (``warm_up.py``); what it
forks off is a process like any other, with an environment, a folder and pipes of its own. Not for tests of
what is loaded when, or of what an interpreter itself does as it begins or ends.
"""

import atexit
import io
import locale
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from multiprocessing import forkserver, reduction, util
from pathlib import Path

from execnet import gateway_io

_READ_ONCE = ("PYTHON", "LC_", "LANG", "TZ", "LD_")
"""What an interpreter looks at only when it begins."""

_INDIFFERENT = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
"""What can be made up for, or changes nothing that a test sees."""


def _read_once(env):
    names = [name for name in env if name.startswith(_READ_ONCE) and name not in _INDIFFERENT]
    return {name: env[name] for name in names}


_USUAL = _read_once(os.environ)
_server = forkserver._forkserver
_LONGEST_SOCKET = 80
"""Characters of the folder of multiprocessing's sockets; the system takes 107 of a whole address."""


def choose_socket_folder():
    """Return where multiprocessing's sockets are, which the first call in a process decides.

    It has to be made before a test: its own TMPDIR may be too long, and what is in it is the test's.
    """
    return util.get_temp_dir()


def can_fork(env):
    """Say whether a process that is forked off is like one that is started with an environment."""
    utf_8 = sys.getfilesystemencoding() == locale.getpreferredencoding(do_setlocale=False).lower() == "utf-8"
    fits = sys.platform == "linux" and utf_8 and len(choose_socket_folder()) <= _LONGEST_SOCKET
    return fits and _read_once(env) == _USUAL


class _Descriptor:
    """A file descriptor on its way to another process."""

    def __init__(self, number):
        self.number = number

    def __getstate__(self):
        return {"sent": reduction.DupFd(self.number)}

    def __setstate__(self, state):
        self.number = state["sent"].detach()


def fork(function, *args, cwd, env, stdin, stdout, stderr):  # noqa: PLR0913 - what a process has
    """Call a function, which is found by its name, in a process of its own; return the process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm_up", __name__])
    with _importable():
        _server.ensure_running()
    files = [_Descriptor(number) for number in (stdin, stdout, stderr)]
    given = (files, env, str(cwd), _server._forkserver_address, (function, args))
    process = context.Process(target=_begin, args=given)
    process.start()
    return process


@contextmanager
def _importable():
    """Let the server find the modules beside this one."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *filter(None, [before])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _begin(files, environment, folder, server, call):
    """Make a forked process look like a started one, then call the function.

    What it forks off itself comes from the same server.
    """
    import warm_up

    _server._forkserver_address, _server.ensure_running = server, lambda: None
    for number, file in enumerate(files):
        os.dup2(file.number, number)
        os.close(file.number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    at_once = bool(environment.get("PYTHONUNBUFFERED"))
    output = os.fdopen(1, "wb", 0 if at_once else -1, closefd=False)
    sys.stdout = io.TextIOWrapper(output, encoding="utf-8", write_through=at_once)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    added = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [folder, *added, *warm_up.PATH]
    tempfile.tempdir = None
    function, args = call
    try:
        function(*args)
    finally:
        atexit._run_exitfuncs()


class ForkedWorker(gateway_io.Popen2IOMaster):
    """What execnet starts for a worker of xdist, forked off when that is the same."""

    def __init__(self, args, execmodel):
        self._process = None
        if args[0] != sys.executable or not can_fork(os.environ):
            super().__init__(args, execmodel)
            return
        to_read, to_write = os.pipe(), os.pipe()
        files = {"stdin": to_write[0], "stdout": to_read[1], "stderr": 2}
        self._process = fork(_serve_execnet, cwd=Path.cwd(), env=dict(os.environ), **files)
        os.close(to_write[0])
        os.close(to_read[1])
        gateway_io.Popen2IO.__init__(
            self, os.fdopen(to_write[1], "wb"), os.fdopen(to_read[0], "rb"), execmodel
        )

    def wait(self):
        """Wait for the end; return the exit code."""
        if self._process is None:
            return super().wait()
        self._process.join()
        return self._process.exitcode

    def kill(self):
        """End the process at once."""
        if self._process is None:
            super().kill()
        else:
            self._process.kill()


def _serve_execnet():
    sys.argv = ["-c"]
    exec(gateway_io.popen_bootstrapline, {"__name__": "__main__"})  # noqa: S102 - as python -c does


def run_module(name, *args, cwd=None, env=None, timeout=100.0):
    """Run a module as ``python -m`` does, in a process of its own; return exit code, output and errors.

    Args:
        name: The module.
        args: Its command line.
        cwd: Its folder, by default the one of this process.
        env: Its environment, by default that of this process.
        timeout: Seconds after which the process is killed.
    """
    env = dict(os.environ) if env is None else env
    cwd = cwd or Path.cwd()
    if not can_fork(env):
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", name, *args],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=timeout,
        )
        return done.returncode, done.stdout, done.stderr
    with (
        Path(os.devnull).open("rb") as nothing,
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
    ):
        files = {"stdin": nothing.fileno(), "stdout": output.fileno(), "stderr": errors.fileno()}
        process = fork(_run_module, name, args, cwd=cwd, env=env, **files)
        process.join(timeout)
        process.kill()
        process.join()
        texts = [file.seek(0) or file.read() for file in (output, errors)]
        return process.exitcode, *texts


class Started:
    """A process that was forked off and goes on; used like one of subprocess, as far as the tests do.

    Attributes:
        pid: Its number.
        stdout: What it prints.
    """

    def __init__(self, name, args, *, cwd, env, merged):
        to_read, to_write = os.pipe()
        self.stdout = os.fdopen(to_read, encoding="utf-8")
        with Path(os.devnull).open("rb") as nothing:
            files = {"stdin": nothing.fileno(), "stdout": to_write, "stderr": to_write if merged else 2}
            self._process = fork(_run_module, name, args, cwd=cwd, env=env, **files)
        os.close(to_write)
        self.pid = self._process.pid

    @property
    def returncode(self):
        """Its exit code; ``None`` while it runs, negative for a signal that ended it."""
        return self._process.exitcode

    def send_signal(self, number):
        """Send it a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self):
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout=None):
        """Wait for its end, and kill it when that takes too long; return the exit code."""
        self._process.join(timeout)
        self.kill()
        self._process.join()
        return self.returncode

    def communicate(self, timeout=None):
        """Read what it still prints and wait for its end; kill it when that takes too long."""
        late = threading.Timer(timeout or threading.TIMEOUT_MAX, self.kill)
        late.daemon = True
        late.start()
        text = "" if self.stdout.closed else self.stdout.read()
        self.stdout.close()
        self._process.join()
        late.cancel()
        return text, None


def start_module(name, *args, cwd=None, env=None, merged=False):
    """Start a module as ``python -m`` does, in a process of its own, and let it go on.

    Its errors go where those of this process go, or with ``merged`` among what it prints. What it starts
    itself is in no group of processes with it.
    """
    env = dict(os.environ) if env is None else env
    cwd = cwd or Path.cwd()
    if can_fork(env):
        return Started(name, args, cwd=cwd, env=env, merged=merged)
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", name, *args],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else None,
        encoding="utf-8",
    )


def _run_module(name, args):
    gateway_io.Popen2IOMaster = ForkedWorker
    sys.argv = [name, *args]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
