"""Lanes and transport, with sessions and servers that are not there."""

import threading
from pathlib import Path

import pytest
import responses

from pytest_kore_convtest.api.network_errors import describe
from pytest_kore_convtest.api.request_thread import RequestThread
from pytest_kore_convtest.api.transport import Reply, Request, Transport, Trust
from pytest_kore_convtest.errors import AccessDeniedError, ConfigError, KoreError, UnreachableError

URL = "http://127.0.0.1:9/status"
PATIENCE = 30
"""Seconds after which a thread that should end is stuck."""


def request_threads():
    """Return the request_threads of this process: an earlier test's may still be dying."""
    return {one for one in threading.enumerate() if one.name == "kore-request"}


class Session:
    """A session that does what its job, a function, does."""

    closed = False

    def __init__(self, thread):
        self.thread = thread

    def __call__(self, job):
        """Do it."""
        return job(self.thread)

    def close(self):
        """Note it."""
        self.closed = True


@pytest.fixture
def sessions():
    """Return all sessions that were opened."""
    return []


@pytest.fixture
def thread(sessions):
    """Return a thread."""

    def open_session(thread):
        sessions.append(Session(thread))
        return sessions[-1]

    thread = RequestThread(open_session, describe)
    yield thread
    thread.close()


def test_one_session_for_many_jobs(thread, sessions):
    """A thread opens its session at the first job, on its own thread, and closes it at the end."""
    names = [thread.start(lambda _: threading.current_thread().name).result(1).reply for _ in range(3)]
    assert names == ["kore-request"] * 3
    assert len(sessions) == 1
    thread.close()
    assert sessions[0].closed


@pytest.mark.parametrize("trouble", [ZeroDivisionError("canary"), SystemExit(3), KeyboardInterrupt()])
def test_what_a_job_raises_comes_back_as_data(thread, trouble):
    """Whatever a job raises, the thread lives on and gives plain data with nothing of it."""

    def fail(_):
        raise trouble

    outcome = thread.start(fail).result(1)
    assert outcome.reply is None
    assert outcome.trouble["class"] == "UnreachableError"
    assert "canary" not in str(outcome.trouble)
    assert thread.start(lambda _: "fine").result(1).reply == "fine"


def test_our_own_errors_stay_what_they_are(thread):
    """An error of ours keeps its class and evidence."""

    def fail(_):
        raise AccessDeniedError("no", reason="scope")

    assert thread.start(fail).result(1).trouble == AccessDeniedError("no", reason="scope").to_data()


class Twin:
    """A socket that notes what happens to it."""

    def __init__(self):
        self.calls = []

    def dup(self):
        """Be its own duplicate."""
        return self

    def shutdown(self, _how):
        """Note it."""
        self.calls.append("shutdown")

    def close(self):
        """Note it."""
        self.calls.append("close")


class Connected:
    """A connection with a socket."""

    def __init__(self, sock):
        self.sock = sock
        self.closed = 0

    def close(self):
        """Note it."""
        self.closed += 1


@pytest.mark.parametrize("phase", ["connecting", "handshake"])
def test_nothing_is_sent_after_a_cut(thread, phase):
    """A thread that is cut while it still connects sends nothing, and the caller knows that."""
    go, begun, sent, twin = threading.Event(), threading.Event(), [], Twin()

    def slow(thread):
        thread.opening("host")
        if phase == "handshake":
            thread.watch(Connected(None), twin)
        begun.set()
        go.wait(5)
        if phase == "connecting":
            thread.watch(Connected(None), twin)
            sent.append("connected")
        thread.sending()
        sent.append("request")

    future = thread.start(slow)
    begun.wait(5)
    assert thread.abandon() is False
    go.set()
    assert future.result(1).trouble["fields"]["cause"] == "reset"
    assert not sent
    assert phase == "handshake" or twin.calls == ["close"]


def test_a_cut_knows_what_was_sent(thread):
    """A thread that is cut after it began to send says so, and shuts the socket down, once."""
    twin, go, begun = Twin(), threading.Event(), threading.Event()

    def slow(thread):
        thread.opening("host")
        thread.watch(Connected(twin), twin)
        thread.sending()
        begun.set()
        go.wait(5)

    future = thread.start(slow)
    begun.wait(5)
    assert thread.abandon() is True
    assert twin.calls == ["shutdown"]
    go.set()
    future.result(1)
    thread.close()
    assert twin.calls == ["shutdown", "close"]


def test_duplicates_are_closed_with_their_sockets(thread):
    """After each job the duplicates of closed sockets are closed, those of open ones kept."""
    open_twin, closed_twin = Twin(), Twin()

    def job(thread):
        thread.watch(Connected(open_twin), open_twin)
        thread.watch(Connected(None), closed_twin)

    thread.start(job).result(1)
    thread.start(lambda _: None).result(1)
    assert (open_twin.calls, closed_twin.calls) == ([], ["close"])


def test_the_end_of_a_lane_closes_its_connections(thread):
    """A thread closes its connections itself; a session may leave one that met a fault to the collector."""
    twin = Twin()
    connection = Connected(Twin())
    thread.start(lambda thread: thread.watch(connection, twin) and None).result(1)
    assert connection.closed == 0
    thread.close()
    assert (connection.closed, twin.calls) == (1, ["close"])


@pytest.fixture
def transport():
    """Return a transport that signs with a counter."""
    count = iter(range(1000))
    transport = Transport(lambda: f"token-{next(count)}", None, use_proxies=False)
    yield transport
    transport.close()


@responses.activate
def test_an_exchange(transport):
    """A request gets its headers and a token, and comes back as plain data."""
    responses.get(URL, b"body", status=201, headers={"X-One": "1"})
    reply = transport.exchange(Request("GET", URL, {"bot-language": "en"}), 1)
    assert (reply.status, reply.body, reply.headers["x-one"]) == (201, b"body", "1")
    sent = responses.calls[0].request.headers
    assert (sent["auth"], sent["bot-language"], sent["Accept-Encoding"]) == ("token-0", "en", "gzip")
    assert "Authorization" not in sent


def test_a_reply_does_not_show_its_body():
    """The repr of a reply, which a traceback may show, holds no header and no body."""
    assert repr(Reply(200, {"x": "canary"}, b"canary")) == "<HTTP 200, 6 bytes>"


@responses.activate
def test_threads_are_used_again(transport):
    """One exchange after the other uses one thread; a close ends it."""
    before = request_threads()
    responses.get(URL, b"")
    for _ in range(3):
        transport.exchange(Request("GET", URL, {}), 1)
    new = request_threads() - before
    assert len(new) == 1
    transport.close()
    for thread in new:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@responses.activate
def test_after_a_close(transport):
    """A closed transport still answers, but keeps nothing open."""
    before = request_threads()
    responses.get(URL, b"late")
    transport.close()
    assert transport.exchange(Request("GET", URL, {}), 1).body == b"late"
    for thread in request_threads() - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_signer_that_refuses():
    """What the signer raises of ours comes out as it is, before anything is sent."""

    def sign():
        raise ConfigError("no secret", name="client_secret", source="ini")

    transport = Transport(sign, None, use_proxies=False)
    with pytest.raises(ConfigError, match="no secret") as caught:
        transport.exchange(Request("GET", URL, {}), 1)
    assert caught.value.source == "ini"
    assert caught.value.__context__ is None
    transport.close()


def test_a_signer_that_hangs():
    """A token file on a dead network drive takes no longer than the budget."""
    before = request_threads()
    release, signed = threading.Event(), []

    def sign():
        release.wait(30)
        signed.append("token")

    transport = Transport(sign, None, use_proxies=False)
    with pytest.raises(UnreachableError, match=r"within 0\.05 s"):
        transport.exchange(Request("GET", URL, {}), 0.05)
    assert not signed
    release.set()
    transport.close()
    for thread in request_threads() - before:
        thread.join(PATIENCE)  # else it would send its request into the next test's double


@responses.activate
def test_absurd_budgets(transport):
    """A budget that no timer can hold is as good as a day."""
    responses.get(URL, b"")
    assert transport.exchange(Request("GET", URL, {}), 1e300).status == 200


@pytest.mark.parametrize(
    "url", ["nonsense", "http://[", "http://" + "a" * 300 + ".example", "ftp://x", "http://"]
)
def test_addresses_that_are_none(url, transport):
    """An address that cannot be asked is one final error of ours, and nothing was sent."""
    with pytest.raises(KoreError) as caught:
        transport.exchange(Request("GET", url, {}), 1)
    assert (caught.value.sent, caught.value.cause in {"request", "dns"}) == (False, True)


def test_no_files_to_trust():
    """Files that are not there are named."""
    for trust, name in (
        (Trust(Path("/nowhere/ca.pem")), "kore_ca_bundle"),
        (Trust(None, Path("/nowhere/me.pem")), "kore_client_cert"),
    ):
        with pytest.raises(ConfigError, match=name) as caught:
            trust.context()
        assert "/nowhere/" in str(caught.value)
        assert caught.value.__context__ is None


def test_a_folder_to_trust(tmp_path):
    """A folder of certificates is as good as a file."""
    assert Trust(tmp_path).context().check_hostname
