"""The emulator as a server: connections, threads, borders."""

import http.client
import io
import socket
import subprocess
import sys
import threading

import pytest
from emulator.test_client import ForeignClient

from pytest_kore_convtest import emulator as package
from pytest_kore_convtest.emulator import Emulator, server
from pytest_kore_convtest.emulator.journal import Headers, Request


def threads():
    """Return the emulators' threads."""
    return {thread for thread in threading.enumerate() if thread.name == "kore-emulator"}


def test_connections_are_kept():
    """Many requests travel over one connection, errors and bodies of both kinds included."""
    with Emulator() as emulator:
        connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
        sockets = []
        for method, body in [
            ("GET", None),
            ("HEAD", None),
            ("POST", b"{}"),
            ("POST", iter([b"{", b"}"])),
        ] * 2:
            connection.request(method, "/api/public/uploadfile", body)
            connection.getresponse().read()
            sockets.append(connection.sock)
        connection.close()
    assert None not in sockets
    assert len(set(sockets)) == 1


def test_a_chunked_body():
    """A body without a length is read."""
    with Emulator() as emulator, ForeignClient(emulator) as client:
        response = client.ask(
            "DELETE",
            client.suites,
            data=iter([b'{"testSuiteNames":', b'["A"]}']),
            headers={"content-type": "application/json"},
        )
        assert response.json()["errors"][0]["msg"] == "Test Suite not found"


def test_a_stop_is_quick_and_complete():
    """Stopping ends open connections, sleeping answers and all threads at once."""
    before = threads()
    emulator = Emulator().start()
    emulator.fail_next("slow(seconds=3600)")
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/api/public/stream/x/conversation/testsuite/import/ds-1/status")
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    idle = socket.create_connection(address)
    while not emulator.requests:
        pass
    stopping = threading.Thread(target=emulator.stop)
    stopping.start()
    stopping.join(60)
    assert threads() <= before, "it waits for the sleeping answer"
    connection.close()
    idle.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_start_and_stop_may_be_repeated():
    """Starting twice is starting once; a stopped emulator can start again and keeps its jobs."""
    emulator = Emulator()
    emulator.stop()
    with emulator:
        assert emulator.start().url == emulator.url
        job = emulator.add_job()
    with emulator, ForeignClient(emulator) as client:
        assert client.import_status(job).status_code == 200


def test_no_address_before_the_start():
    """An emulator that is not started has no address."""
    with pytest.raises(RuntimeError, match="not started"):
        _ = Emulator().url


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.invalid"])  # noqa: S104
def test_only_loopback(host):
    """An address beyond loopback is refused unless it is allowed."""
    with pytest.raises(ValueError, match="can be reached by other machines"):
        Emulator(host=host).start()


def test_a_wildcard_address():
    """A wildcard address is reached over loopback."""
    with Emulator(host="0.0.0.0", allow_remote=True) as emulator, ForeignClient(emulator) as client:  # noqa: S104
        assert emulator.url.startswith("http://127.0.0.1:")
        assert client.upload().status_code == 200


def test_a_port_in_use():
    """A port that is taken is an OSError and prints nothing."""
    with Emulator() as first, pytest.raises(OSError, match="in use"):
        Emulator(port=int(first.url.rpartition(":")[2])).start()


NOISE = """
import http.client, socket
from pytest_kore_convtest.emulator import Emulator, server

with Emulator() as emulator:
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    asking = http.client.HTTPConnection(*address, timeout=10)
    asking.request("GET", "/api/public/stream/st-1/conversation/testsuite/import/ds-0/status")
    asking.getresponse().read()
    asking.close()
    for junk in (
        b"junk\\r\\n\\r\\n",
        b"GET / HTTP/1.1\\r\\nContent-Length: x\\r\\n\\r\\n",
        b"POST /x HTTP/1.1\\r\\n",
    ):
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(junk)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1024):
                pass
print("done")
"""
"""In a process of its own, in which nothing else can write."""


@pytest.mark.parametrize(
    ("host", "ours"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("bots.kore.ai", False)],
)
def test_what_is_this_machine(host, ours):
    """Names and addresses."""
    assert server.is_loopback(host) is ours


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--\r\n"),
        ("multipart/form-data; boundary=x", b"no boundary in it"),
        ("multipart/form-data; boundary=x", b"--x\r\nno headers"),
    ],
)
def test_a_body_that_is_no_form(kind, body):
    """It has no file and no field, and nothing breaks."""
    assert server.read_form(Request("POST", "/", Headers({"Content-Type": kind}), body)) == (None, b"", {})


def test_a_form_without_a_file():
    """Its fields are read all the same."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    request = Request("POST", "/", Headers({"Content-Type": "multipart/form-data; boundary=x"}), body)
    assert server.read_form(request) == (None, b"", {"a": "b"})


def test_silence():
    """Nothing is written to stdout or stderr, whatever happens."""
    done = subprocess.run([sys.executable, "-c", NOISE], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_body_that_is_too_large():
    """A body beyond all reason is refused before it is read."""
    with Emulator() as emulator:
        connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
        connection.putrequest("POST", "/api/public/uploadfile")
        connection.putheader("Content-Length", str(10**10))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_an_answer_is_one_piece():
    """Headers and body leave together; apart, the body would wait 40 ms for a delayed acknowledgement."""
    with Emulator() as emulator, ForeignClient(emulator) as client:
        job = emulator.add_job()
        asked = client.import_status(job).request
        address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
        lines = [f"GET {asked.path_url} HTTP/1.1", "Host: x", f"auth: {asked.headers['auth']}", "", ""]
        with socket.create_connection(address, timeout=10) as connection:
            for _ in range(5):
                connection.sendall("\r\n".join(lines).encode())
                assert connection.recv(65536).endswith(b"}")


def test_many_at_once():
    """Concurrent clients get consistent answers."""
    with Emulator(job_polls=0) as emulator:

        def work(number, answers):
            with ForeignClient(emulator) as client:
                job = client.import_suite(name=f"S{number}")
                answers[number] = client.import_status(job).json()["response"]["name"]

        answers = {}
        workers = [threading.Thread(target=work, args=(number, answers)) for number in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert answers == {number: f"S{number}" for number in range(8)}


def run_python(code):
    """Run code in a fresh interpreter; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_import_is_cheap():
    """Importing the package, and making an emulator, loads no Werkzeug."""
    code = (
        "import sys, pytest_kore_convtest.emulator as package\n"
        "print(len([name for name in sys.modules if name.startswith('pytest_kore_convtest.emulator')]))\n"
        "package.Emulator(); print('werkzeug' in sys.modules)"
    )
    assert run_python(code).split() == ["1", "False"]


def test_a_missing_werkzeug():
    """Without Werkzeug the error says what to install."""
    code = (
        "import sys; sys.modules['werkzeug'] = None\n"
        "from pytest_kore_convtest.emulator import Emulator\n"
        "try: Emulator().start()\n"
        "except ImportError as error: print(error)"
    )
    assert 'pip install "pytest-kore-convtest[emulator]"' in run_python(code)


def test_an_unknown_name():
    """The package has its public names and no others."""
    with pytest.raises(AttributeError, match="no attribute 'Simulator'"):
        _ = package.Simulator


def test_a_chunk_that_is_cut_off_has_only_what_was_sent():
    """What stands in memory behind the three bytes that came is not taken for the rest of the chunk."""
    handler = server.Handler.__new__(server.Handler)
    handler.rfile = io.BytesIO(b"ffffffff\r\nabc")
    with pytest.raises(server._BadBodyError):
        handler._read_chunks(10)
