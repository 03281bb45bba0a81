"""A secret or token is found nowhere: not on the terminal, not in JUnit, not in the cache."""

import time

import jwt
import pytest

CANARY = "canary-Zm9vYmFyYmF6cXV4+/correct=horse"
LOUD = ("-vv", "--showlocals", "--full-trace", "-rA", "-o", "log_cli=true", "-o", "log_cli_level=DEBUG")

TESTS = """
    def test_status(kore_import_status):
        assert kore_import_status.id == "another"

    def test_client(kore_client, kore_settings):
        status = kore_client.import_status("ds-demo")
        assert (kore_client, vars(kore_client), kore_settings, vars(kore_settings)) == status

    def test_option(pytestconfig):
        options = vars(pytestconfig.option)
        assert options == 1

    def test_loop(kore_client):
        for _ in range(2):
            kore_client.import_status("ds-demo")
        raise RuntimeError("stopped")
    """


def token_of(emulator):
    """Return a ready token, good for several requests."""
    now = int(time.time())
    claims = {"appId": emulator.client_id, "sub": "x", "iat": now - 5, "exp": now + 600}
    return jwt.encode(claims, emulator.client_secret, algorithm="HS256")


def give(place, name, value, pytester, monkeypatch):
    """Put a setting to a place; return the arguments that this takes."""
    ini = ""
    if place == "environment":
        monkeypatch.setenv(f"KORE_{name.upper()}", value)
    elif place == "ini":
        ini = f"kore_{name} = {value}\n"
    elif place == "file":
        (pytester.path / "given.secret").write_text(value)
        monkeypatch.setenv(f"KORE_{name.upper()}_FILE", str(pytester.path / "given.secret"))
    pytester.makeini(f"[pytest]\n{ini}")
    options = {
        "command line": [f"--kore-{name.replace('_', '-')}", value],
        "-o": ["-o", f"kore_{name}={value}"],
    }
    return options.get(place, [])


def everything_written(pytester, result):
    """Return the output and all files that the run left, but for what was given to it."""
    given = {"given.secret", "tox.ini"}
    files = [path for path in pytester.path.rglob("*") if path.is_file() and path.name not in given]
    assert {"junit.xml", "lastfailed"} <= {path.name for path in files}
    return "\n".join([result.text, *(path.read_bytes().decode("latin-1") for path in files)])


PLACES = ("environment", "ini", "file", "command line", "-o")


@pytest.mark.parametrize("scenario", ["success", "401", "refused"])
@pytest.mark.parametrize("place", PLACES)
def test_the_secret_is_nowhere(run, account, pytester, monkeypatch, place, scenario):  # noqa: PLR0913, PLR0917
    """Neither the secret nor a signed token is in anything the loudest run writes, wherever it was given."""
    monkeypatch.delenv("KORE_CLIENT_SECRET")
    secret = CANARY if scenario == "401" else account.client_secret
    if scenario == "refused":
        account.stop()
    arguments = give(place, "client_secret", secret, pytester, monkeypatch)
    account.script("SUCCESS", job="ds-demo")
    pytester.makepyfile(TESTS)
    result = run("--kore-ds-id=ds-demo", "--kore-timeout=0.2", "--junitxml=junit.xml", *LOUD, *arguments)
    assert result.code == 1
    assert "ds-demo" in result.text
    written = everything_written(pytester, result)
    assert secret not in written
    assert "eyJ" not in written
    warned = "KORE_CLIENT_SECRET or --kore-client-secret-file is safer" in result.text
    assert warned == (place not in {"environment", "file"})
    assert "Warning" not in result.text


@pytest.mark.parametrize("kind", ["good", "invalid", "no token"])
@pytest.mark.parametrize("place", PLACES)
def test_the_token_is_nowhere(run, account, pytester, monkeypatch, place, kind):  # noqa: PLR0913, PLR0917
    """A given token, good, with a wrong signature or no token at all, is in nothing that a run writes."""
    monkeypatch.delenv("KORE_CLIENT_SECRET")
    token = token_of(account)
    token = {"good": token, "invalid": token[:-6] + "canary", "no token": "canary" + "x" * 40}[kind]
    arguments = give(place, "jwt", token, pytester, monkeypatch)
    account.script("SUCCESS", job="ds-demo")
    pytester.makepyfile(TESTS)
    result = run("--kore-ds-id=ds-demo", "--kore-timeout=0.5", "--junitxml=junit.xml", *LOUD, *arguments)
    assert result.code == 1
    written = everything_written(pytester, result)
    assert token not in written
    assert token.rpartition(".")[2] not in written
    assert "eyJ" not in written
    assert ("KORE_JWT or --kore-jwt-file is safer" in result.text) == (place not in {"environment", "file"})


def test_workers_are_not_told_on_their_command_line(run, account, pytester, monkeypatch):
    """Under xdist nobody shows the secret either, and the workers know it."""
    monkeypatch.delenv("KORE_CLIENT_SECRET")
    pytester.makepyfile(
        TESTS + "\n    def test_argv(): import sys; from pathlib import Path;"
        " raise RuntimeError(Path('/proc/self/cmdline').read_text() if Path('/proc').exists() else 0)\n"
    )
    account.script("SUCCESS", job="ds-demo")
    xdist = ("-p", "xdist", "-n", "2")
    arguments = (*LOUD, "--junitxml=junit.xml", "--kore-client-secret", account.client_secret)
    result = run("--kore-ds-id=ds-demo", *xdist, *arguments)
    assert result.counts == {"failed": 5}
    assert "SUCCESS" in result.text
    written = everything_written(pytester, result)
    assert account.client_secret not in written
    assert "eyJ" not in written


def test_a_broken_secret_is_not_repeated(run, pytester):
    """A secret that cannot be used is a usage error that does not show it."""
    result = run("--kore-client-secret", "{canary secret}")
    assert result.code == 4
    assert "canary" not in result.text
    assert "--kore-client-secret" in result.text
