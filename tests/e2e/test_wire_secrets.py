"""Where tokens go: to the configured host and nowhere else, seen from both ends of real connections."""

import os
import re
import ssl

import pytest
import trustme
from e2e.socket_server import SocketServer, http, say

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.errors import KoreError
from pytest_kore_convtest.reports.evidence import read_git
from pytest_kore_convtest.settings.settings import Settings

STREAM, JOB = "st-22222222", "ds-11111111"
PASSWORD = "pRoXyCaNaRyWoRd"
GOOD = f'{{"_id": "{JOB}", "streamId": "{STREAM}", "status": "IN_PROGRESS"}}'.encode()
LEAKY = (b"auth", b"authorization", b"cookie", b"proxy-authorization")
PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in (*PROXY_NAMES, "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def ask(url, **more):
    """Call every endpoint once; return the errors."""
    values = {"stream_id": STREAM, "client_id": "cs-33333333", "client_secret": "s" * 40}
    settings = Settings.read(
        env={}, host=url, user_email="a@b.c", request_timeout=3, outage_budget=0.1, **values, **more
    )
    errors = []
    with KoreClient(settings) as client:
        for call in (
            lambda: client.import_status(JOB),
            lambda: client.upload(b"{}", "a.json"),
            lambda: client.start_import("f1", "A"),
            lambda: client.start_run("A", "published"),
            lambda: client.run_status("A", "ctr-1"),
            lambda: client.delete_suites(["A"]),
        ):
            try:
                call()
            except KoreError as error:  # noqa: PERF203 - each call has an error of its own
                errors.append(error)
    return errors


def headers(request):
    """Return a request's header names, in lower case."""
    return {line.partition(b":")[0].lower() for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["port", "name", "https", "no scheme"])
def test_a_second_origin_gets_nothing(status, target):
    """Whatever a redirect points at, nobody connects to it, from any of the endpoints."""
    with SocketServer(say(http(200, GOOD))) as second:
        address = {
            "port": second.url,
            "name": f"http://localhost:{second.port}",
            "https": f"https://127.0.0.1:{second.port}",
            "no scheme": f"//127.0.0.1:{second.port}",
        }[target]
        with SocketServer(say(http(status, b"", f"Location: {address}/api?x=1"))) as first:
            assert len(ask(first.url)) == 6
        assert first.requests
        assert second.connections == 0


@pytest.mark.parametrize(
    "header", ["Refresh: 0; url={}", "Content-Location: {}", "Link: <{}>; rel=next", "Alt-Svc: h2={}"]
)
def test_other_ways_to_point_elsewhere(header):
    """Headers that make other programs ask a second origin have no effect."""
    with SocketServer(say(http(200, GOOD))) as second:
        with SocketServer(say(http(200, GOOD, header.format(second.url)))) as first:
            ask(first.url)
        assert second.connections == 0


def test_only_the_token_goes_along(monkeypatch, tmp_path):
    """Netrc files, cookies and challenges of the server add nothing to any request but our own header."""
    netrc = tmp_path / ".netrc"
    for name in ("127.0.0.1", "localhost"):
        with netrc.open("a") as file:
            file.write(f"machine {name} login a password {PASSWORD}\n")
    with netrc.open("a") as file:
        file.write(f"default login a password {PASSWORD}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    asked = http(401, b"{}", 'WWW-Authenticate: Basic realm="x"', "Set-Cookie: a=b; Path=/")
    with SocketServer(say(asked)) as server:
        assert len(ask(server.url)) == 6
    assert len(server.requests) == 12  # each one once more, with a fresh token
    for request in server.requests:
        assert headers(request) & set(LEAKY) == {b"auth"}
        assert PASSWORD.encode() not in request
    tokens = {re.search(rb"(?im)^auth: (\S+)\r$", request)[1] for request in server.requests}
    assert len(tokens) == len(server.requests)


def test_loopback_never_uses_a_proxy(monkeypatch):
    """Whatever the environment says of proxies, loopback is asked directly."""
    with SocketServer(say(http(200, GOOD))) as proxy, SocketServer(say(http(200, GOOD))) as server:
        for name in PROXY_NAMES:
            monkeypatch.setenv(name, f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.lower(), f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "nothing.invalid")
        for host in (server.url, server.url.replace("127.0.0.1", "localhost")):
            ask(host)
        assert proxy.connections == 0
        assert not any(b"proxy" in name for request in server.requests for name in headers(request))


@pytest.fixture(scope="module")
def authority():
    """Give a certificate authority that only the test knows."""
    return trustme.CA()


def tunnel(context, answer):
    """Make a proxy's script: accept a CONNECT, then be the host behind it."""

    def script(line):
        line.request()
        line.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inner = context.wrap_socket(line.socket, server_side=True)
        script.seen.append(inner.recv(65536))
        inner.sendall(answer)
        inner.close()

    script.seen = []
    return script


def test_a_proxy_sees_a_name_and_its_own_password(authority, monkeypatch, tmp_path):
    """Beyond loopback a proxy gets CONNECT with its own login; the token travels inside TLS alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("kore.invalid").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    script = tunnel(context, http(200, GOOD, "Connection: close"))
    with SocketServer(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}")
        ask("https://kore.invalid", ca_bundle=str(tmp_path / "ca.pem"))
    assert proxy.requests
    for request in proxy.requests:
        assert request.startswith(b"CONNECT kore.invalid:443 HTTP/1.")
        assert headers(request) & set(LEAKY) == {b"proxy-authorization"}
        assert b"eyJ" not in request
    inside = [request for request in script.seen if request]
    assert inside
    for request in inside:
        assert headers(request) & set(LEAKY) == {b"auth"}
        assert b"eyJ" in request


def test_a_stranger_behind_the_proxy_gets_no_token(authority, monkeypatch, tmp_path):
    """A host with a wrong certificate learns neither token nor path."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("another.invalid").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    script = tunnel(context, http(200, GOOD))
    with SocketServer(script) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        errors = ask("https://kore.invalid", ca_bundle=str(tmp_path / "ca.pem"))
    assert {error.cause for error in errors} == {"certificate"}
    assert script.seen == []
    assert not any(b"eyJ" in request for request in proxy.requests)


def test_subprocesses_get_no_secret(tmp_path, monkeypatch):
    """What we start gets a handful of names of the environment, and no other."""
    program = tmp_path / "git"
    program.write_text('#!/bin/sh\n/usr/bin/env > "$0.seen"\nexit 1\n')
    program.chmod(0o755)
    env = {
        "PATH": str(tmp_path),
        "HOME": str(tmp_path),
        "KORE_CLIENT_SECRET": PASSWORD,
        "KORE_JWT": PASSWORD,
        "HTTPS_PROXY": PASSWORD,
        "GITHUB_TOKEN": PASSWORD,
        "PYTEST_ADDOPTS": f"--kore-jwt={PASSWORD}",
    }
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert read_git(tmp_path, env) is None
    seen = (tmp_path / "git.seen").read_text()
    assert f"HOME={tmp_path}" in seen
    assert PASSWORD not in seen
