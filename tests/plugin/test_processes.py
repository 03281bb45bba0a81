"""Processes that die, are stopped, fork, or find no place to write: nothing hangs or happens twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SUITE = {"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}
LONGEST = 20
"""Seconds that a run may take whose wait was ended; its job would go on for a minute."""

KILLED = """
    import os, pathlib, pytest, signal
    from pytest_kore_convtest import KoreClient

    def die():
        try:
            pathlib.Path({flag!r}).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    class Killed(KoreClient):
        def {method}(self, *args, **more):
            if {before}:
                die()
            result = super().{method}(*args, **more)
            die()
            return result

    @pytest.fixture(scope="session")
    def kore_client(kore_settings):
        with Killed(kore_settings) as client:
            yield client
    """


@pytest.fixture
def begin(pytester, account, monkeypatch):
    """Start pytest as the leader of a group of processes; none of them may be left in the end."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    started = []

    def start(*args, until="", **more):
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "-p", "no:cacheprovider", *args],
            cwd=pytester.path,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **more,
        )
        started.append(process)
        process.read = []
        for line in process.stdout if until else ():
            process.read.append(line)
            if until in line:
                break
        else:
            assert not until, "".join(process.read)
        return process

    yield start
    for process in started:
        try:
            process.wait(LONGEST)
            left = wait_for_none(process.pid)
        finally:
            for one in members(process.pid):
                os.kill(one, signal.SIGKILL)
            process.stdout.close()
    assert left == []


def wait_for_none(session):
    """Wait until no process of a session is left; return those that stay."""
    deadline = time.monotonic() + LONGEST
    while left := members(session):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


def members(session):
    """Return the processes of a session that are not over; needs ``/proc``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(folder.name))
    return found


def finish(process):
    """Return what a run says until it ends."""
    output, _ = process.communicate(timeout=LONGEST)
    return "".join(process.read) + output


def posts(account, part):
    """Return how many requests changed something under a path."""
    return sum(one.method != "GET" and part in one.path for one in account.requests)


# Killed workers


@pytest.mark.parametrize(
    ("method", "before", "uploads", "starts", "known"),
    [
        ("upload", True, 1, 1, True),
        ("upload", False, 2, 1, True),
        ("start_import", True, 1, 0, False),
        ("start_import", False, 1, 1, False),
        ("import_status", True, 1, 1, True),
        ("import_status", False, 1, 1, True),
    ],
    ids=["uploading", "uploaded", "starting", "started", "asking", "answered"],
)
def test_a_killed_worker(run, account, pytester, method, before, uploads, starts, known):  # noqa: PLR0913, PLR0917
    """Wherever a worker is killed, no import is started twice, though an upload may be.

    Another worker goes on, unless nobody can know whether the import was started.
    """
    flag = pytester.path / "killed"
    pytester.makeconftest(KILLED.format(flag=str(flag), method=method, before=before))
    (pytester.path / "a.json").write_text(json.dumps(SUITE))
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_it(kore_import_suite, number): kore_import_suite("a.json")
        """)
    result = run("-p", "xdist", "-n", "2", "--kore-timeout=20")
    assert flag.exists()
    assert result.counts.get("failed") == 1, result.text
    assert "crashed" in result.text
    assert (posts(account, "uploadfile"), posts(account, "/import")) == (uploads, starts)
    if known:
        assert result.counts == {"failed": 1, "passed": 5}, result.text
    else:
        assert "The process that was starting it has died." in result.text
        assert result.counts == {"failed": 1, "errors": 5}


def test_a_killed_controller(begin, account, pytester):
    """When the controller is killed, its workers end, too."""
    account.script("IN_PROGRESS", job="ds-demo")
    process = begin("--kore-gate", "--kore-ds-id=ds-demo", "-p", "xdist", "-n", "2", until="[2 items]")
    process.kill()
    assert process.wait(LONGEST) == -signal.SIGKILL


# Signals


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_for_the_whole_group(begin, account, workers, times):
    """A terminal's Ctrl-C reaches all processes at once; pressed again, it is no accident either."""
    account.script("IN_PROGRESS", job="ds-demo")
    spread = ["-p", "xdist", "-n", str(workers)] if workers else []
    process = begin(
        "--kore-gate", "--kore-ds-id=ds-demo", *spread, until="[2 items]" if workers else "IN_PROGRESS"
    )
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
    output = finish(process)
    assert process.returncode == 2 or times == 2
    assert "INTERNALERROR" not in output
    if times == 1:
        assert "pytest --kore-gate --kore-ds-id ds-demo" in output


NOWHERE = """
    import os, signal
    import tempfile
    tempfile.tempdir = {folder!r}
    """


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupt_without_a_temporary_folder(begin, account, pytester, number):
    """When the workers cannot be told, the controller ends as it should, all the same."""
    pytester.makeconftest(NOWHERE.format(folder=str(pytester.path / "none" / "such")))
    pytester.makepyfile("import time\ndef test_it(kore_settings): time.sleep(60)")
    process = begin("-p", "xdist", "-n", "1", "--junitxml=junit.xml", until="[1 item]")
    process.send_signal(number)
    output = finish(process)
    assert process.returncode == 2, output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output


# Ends before the end


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_first_failure_ends_other_workers_waits(begin, account, pytester, option):
    """With -x a worker does not wait on for a job that nobody wants to know of any more."""
    account.script("IN_PROGRESS", job="ds-demo")
    pytester.makepyfile("""
        import pathlib, time

        def test_wait(kore_import_status): pass

        def test_fail():
            while not pathlib.Path("asked").exists():
                time.sleep(0.01)
            raise RuntimeError
        """)
    pytester.makeconftest("""
        import pathlib, pytest
        from pytest_kore_convtest import KoreClient

        class Telling(KoreClient):
            def import_status(self, *args, **more):
                pathlib.Path("asked").touch()
                return super().import_status(*args, **more)

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Telling(kore_settings) as client:
                yield client
        """)
    args = ("-p", "xdist", "-n", "2", "-p", "no:randomly", option, "--durations=3")
    process = begin("--kore-ds-id=ds-demo", *args)
    output = finish(process)
    assert process.returncode in {1, 2}, output
    assert "stopping after 1 failures" in output
    assert "Waiting for it was stopped" in output


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_pytest_timeout(begin, account, pytester, method):
    """pytest-timeout ends a wait by either of its methods, and nothing stays."""
    account.script("IN_PROGRESS", job="ds-demo")
    pytester.makepyfile("def test_wait(kore_import_status): pass")
    process = begin(
        "--kore-ds-id=ds-demo", "-p", "pytest_timeout", "--timeout=2", f"--timeout-method={method}"
    )
    output = finish(process)
    assert process.returncode == 1
    assert "imeout" in output
    assert "Timeout (>2s) from pytest-timeout is about to end this test" in output


# Forks

FORKING = """
    import multiprocessing
    import pytest
    from pytest_kore_convtest import KoreError

    def ask(client, answers):
        answers.put(client.import_status("ds-demo", budget=5).status)

    def wait(wait_for_import, answers):
        try:
            wait_for_import("ds-new")
        except KoreError as error:
            is_told = "a forked process cannot wait for a job" in str(error)
            answers.put(wait_for_import("ds-demo").status if is_told else str(error))

    @pytest.mark.parametrize("number", range(2))
    def test_fork(kore_client, kore_wait_for_import, number):
        assert kore_wait_for_import("ds-demo").status == "SUCCESS"
        assert kore_client.import_status("ds-demo").status == "SUCCESS"
        for target, thing in ((ask, kore_client), (wait, kore_wait_for_import)):
            context = multiprocessing.get_context("fork")
            answers = context.Queue()
            child = context.Process(target=target, args=(thing, answers))
            child.start()
            try:
                assert answers.get(timeout=8) == "SUCCESS"
            finally:
                child.kill()
                child.join()
        assert kore_wait_for_import("ds-demo").status == "SUCCESS"
    """


@pytest.mark.parametrize("workers", [0, 2])
def test_a_forked_child(begin, account, pytester, workers):
    """A child that a test forks off may ask, knows what was waited for, and is told that it cannot wait."""
    account.script("SUCCESS", job="ds-demo")
    pytester.makepyfile(FORKING)
    spread = ["-p", "xdist", "-n", str(workers)] if workers else []
    process = begin("-p", "no:randomly", "-W", "ignore::DeprecationWarning", *spread)
    output = finish(process)
    assert process.returncode == 0, output


def test_a_spawned_child(begin, account, pytester):
    """A child that a test spawns makes a client of its own from the environment."""
    pytester.makepyfile(
        child="""
        from pytest_kore_convtest import KoreClient, Settings

        def ask(answers):
            with KoreClient(Settings.read()) as client:
                answers.put(client.import_status("ds-demo").status)
        """,
        test_spawn="""
        import multiprocessing
        from child import ask

        def test_spawn(kore_client):
            context = multiprocessing.get_context("spawn")
            answers = context.Queue()
            process = context.Process(target=ask, args=(answers,))
            process.start()
            assert answers.get(timeout=15) == "SUCCESS"
            process.join()
            assert process.exitcode == 0
        """,
    )
    account.script("SUCCESS", job="ds-demo")
    process = begin("test_spawn.py")
    output = finish(process)
    assert process.returncode == 0, output


# Places


def test_a_test_that_moves_the_temporary_folder(run, account, pytester):
    """A test that sets another temporary folder does not part its worker from the others."""
    (pytester.path / "a.json").write_text(json.dumps(SUITE))
    pytester.makepyfile("""
        import tempfile
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(monkeypatch, tmp_path, request, number):
            monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
            request.getfixturevalue("kore_import_suite")("a.json")
        """)
    result = run("-p", "xdist", "-n", "2", "--kore-timeout=10")
    assert result.counts == {"passed": 4}, result.text
    assert (posts(account, "uploadfile"), posts(account, "/import")) == (1, 1)


@pytest.mark.parametrize("what", ["fdopen", "replace"])
def test_a_full_temporary_disk(run, account, pytester, what):
    """When nothing can be noted, no job is begun, and the error says what to do."""
    (pytester.path / "a.json").write_text(json.dumps(SUITE))
    pytester.makepyfile(
        "import pytest\n@pytest.mark.parametrize('number', range(4))\n"
        "def test_it(kore_import_suite, number): kore_import_suite('a.json')"
    )
    pytester.makeconftest(
        """
        import pytest
        from pytest_kore_convtest.jobs import store

        class Full:
            def __getattr__(self, name):
                import os
                return getattr(os, name)

            def WHAT(self, *_, **__):
                raise OSError(28, "No space left on device")

        store.os = Full()
        """.replace("WHAT", what)
    )
    result = run("-p", "xdist", "-n", "2", "--kore-timeout=10", apart=True)
    assert result.counts == {"errors": 4}, result.text
    assert "No space left on device): set TMPDIR to a writable folder with free disk space" in result.text
    assert account.requests == []


def test_folders_that_may_not_be_written(run, account, pytester, monkeypatch):
    """A cache and reports at places that cannot be are told; the verdict stands."""
    (pytester.path / "file").touch()
    account.script("SUCCESS", job="ds-demo")
    reports = [f"--kore-{form}=file/{form}" for form in ("html", "json", "markdown")]
    result = run("--kore-gate", "--kore-ds-id=ds-demo", "-o", "cache_dir=file/cache", *reports, apart=True)
    assert result.code == 1
    assert result.counts["passed"] == 2
    assert result.text.count("cannot write the report") == 3
    assert "INTERNALERROR" not in result.text


def test_two_runs_on_one_checkout(begin, account, pytester):
    """Two test runs side by side import under names of their own, and each deletes its own suites only."""
    (pytester.path / "a.kore.json").write_text(json.dumps(SUITE))
    both = [begin("--kore-keep=never", "-p", "xdist", "-n", "2", "--kore-json=report.json") for _ in range(2)]
    for process in both:
        output = finish(process)
        assert process.returncode == 0, output
    names = [one.json["name"] for one in account.requests if one.json and "fileName" in one.json]
    deleted = [
        one.json["testSuiteNames"] for one in account.requests if one.json and "testSuiteNames" in one.json
    ]
    assert len(set(names)) == 2
    assert sorted(deleted) == sorted([name] for name in names)
    assert json.loads((pytester.path / "report.json").read_text())["suites"]


CROWD = """
    import os
    import sys
    from pathlib import Path

    # Loaded before the forks, else each child would load them.
    import requests

    from pytest_kore_convtest.api import error_responses, models, session, transport
    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.suites.file import pick_suite, read_suite_file

    def work():
        with KoreClient(Settings.read()) as client:
            pipeline = Pipeline(client, client.settings, JobStore(Path("store").absolute()))
            suite = pick_suite(read_suite_file(Path("a.json")), None)
            jobs = [pipeline.watch_import("ds-demo"), pipeline.import_suite(suite, "A_1")]
            return [pipeline.wait_for(job).result().status for job in jobs] != ["SUCCESS", "SUCCESS"]

    children = []
    for _ in range(64):
        child = os.fork()
        if not child:
            code = 3
            try:
                code = int(work())
            finally:
                os._exit(code)
        children.append(child)
    print({os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children})
    """


def test_sixty_four_processes(account, pytester, polls):
    """However many processes want the same two jobs, the platform is asked as by one of them."""
    account.script("IN_PROGRESS, 500, IN_PROGRESS, SUCCESS", job="ds-demo")
    (pytester.path / "a.json").write_text(json.dumps(SUITE))
    script = pytester.makepyfile(crowd=CROWD)
    result = pytester.run(sys.executable, script, timeout=60)
    assert result.outlines == ["{0}"], result.errlines
    assert polls("ds-demo") == [200, 500, 200, 200]
    assert (posts(account, "uploadfile"), posts(account, "/import")) == (1, 1)


def test_random_order(run, account, pytester, polls):
    """With pytest-randomly, spread over workers, each job is still asked about by one stream."""
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("number", range(6))
        @pytest.mark.parametrize("job", ["ds-a", "ds-b"])
        def test_wait(kore_wait_for_import, number, job): kore_wait_for_import(job)
        """)
    for job in ("ds-a", "ds-b"):
        account.script("IN_PROGRESS, SUCCESS", job=job)
    result = run("-p", "randomly", "-p", "xdist", "-n", "2")
    assert result.counts == {"passed": 12}, result.text
    assert (polls("ds-a"), polls("ds-b")) == ([200, 200], [200, 200])
