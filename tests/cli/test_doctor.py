"""``kore-convtest doctor`` and ``pytest --kore-doctor``."""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from threading import Event, Thread

import pytest
import trustme
from cli.samples import STREAM, suite
from e2e.socket_server import SocketServer, http, say

from pytest_kore_convtest.api.auth import sign_token
from pytest_kore_convtest.doctor import local
from pytest_kore_convtest.doctor.access import look_at_access
from pytest_kore_convtest.doctor.certificate import issuer_of, unverified_issuer
from pytest_kore_convtest.doctor.network import look_at_network
from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.settings.raw import RawSettings
from pytest_kore_convtest.settings.settings import Given, Settings

SECRET = "canary-secret-0123456789-0123456789"
ENVELOPE = b'{"errors":[{"msg":"Invalid SDK credentials","code":4002}]}'


def settings(url, **more):
    """Return settings for a server."""
    values = {"stream_id": STREAM, "client_id": "cs-33333333", "client_secret": SECRET} | more
    return Settings.read(env={}, host=url, user_email="a@b.c", **values)


def emulated(emulator, **more):
    """Return settings for an emulator."""
    names = ("stream_id", "client_id", "client_secret", "user_email")
    return Settings.read(
        env={}, host=emulator.url, **{name: getattr(emulator, name) for name in names} | more
    )


def wire(found):
    """Return the levels and texts of the network's checks, by name; a later one replaces an earlier one."""
    return {check.name: check for check in look_at_network(found)}


def as_json(ended):
    """Return what ``doctor --json`` printed."""
    return json.loads(ended.out)


def by_level(data, level):
    """Return the checks of a level."""
    return [check for check in data["checks"] if check["level"] == level]


def test_all_is_well(account, kore, tmp_path):
    """With a complete account the exit code is 0, and nothing was changed on the platform."""
    (tmp_path / "booking.kore.json").write_text(suite(bot=account.stream_id))
    ended = kore("doctor")
    assert ended.code == 0, ended.out
    assert ended.lines[-1] == "kore: a test run would work here"
    assert "(environment)" in ended.out
    assert account.client_secret not in ended.out + ended.err
    assert {request.method for request in account.requests} == {"GET"}


def test_as_json(account, kore):
    """``--json`` gives settings with their sources, and checks; no secret is in it."""
    data = as_json(kore("doctor", "--json"))
    assert data["gate_would_work"] is True
    known = {one["name"]: one for one in data["settings"]}
    assert known["kore_host"] == {"name": "kore_host", "value": account.url, "source": "environment"}
    assert known["kore_client_secret"]["value"] == "set, not shown"
    assert {"name", "level", "what", "why", "fix"} == set(data["checks"][0])
    assert account.client_secret not in json.dumps(data)


def test_nothing_is_configured(kore):
    """Without an account the exit code is 1, and every missing setting is named with its way out."""
    ended = kore("doctor", "--json")
    assert ended.code == 1
    wrong = by_level(as_json(ended), "error")
    assert [check["what"] for check in wrong] == [
        f"kore_{name} is not set" for name in ("host", "stream_id", "client_id", "client_secret")
    ]
    assert all(check["why"] and check["fix"] for check in wrong)
    assert "KORE_CLIENT_SECRET" in wrong[-1]["fix"]


def test_pytest_knows_the_doctor(account, tmp_path):
    """``pytest --kore-doctor`` says the same and runs no test."""
    (tmp_path / "test_it.py").write_text("def test_it():\n    open('ran', 'w')\n")
    command = [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "--kore-doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("kore: a test run would work here")
    assert "test session starts" not in done.stdout
    assert not (tmp_path / "ran").exists()


def test_pytest_says_no_with_its_exit_code():
    """``pytest --kore-doctor`` ends with 1 when a test run would not work."""
    command = [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "--kore-doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 1


def test_the_emulator_needs_nothing(kore, monkeypatch):
    """With the built-in emulator a gate works, and the last line says against what."""
    monkeypatch.setenv("KORE_EMULATOR", "1")
    ended = kore("doctor")
    assert ended.code == 0
    assert ended.lines[-1] == "kore: a test run would work here, against the built-in emulator"


def test_sources_are_told(account, kore, tmp_path, monkeypatch):
    """The ini file and the command line are read as pytest reads them."""
    monkeypatch.delenv("KORE_STREAM_ID")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nkore_stream_id = {STREAM}\naddopts = --kore-run published\n"
    )
    data = as_json(kore("doctor", "--json", "--kore-stream-id", account.stream_id, "-o", "kore_timeout=9"))
    sources = {one["name"]: one["source"] for one in data["settings"]}
    assert sources["kore_stream_id"] == "command line"
    assert (sources["kore_run"], sources["kore_timeout"]) == ("addopts", "command line")
    assert data["ini_file"] == str(tmp_path / "pytest.ini")


def test_wrong_values_do_not_hide_each_other(account, kore, monkeypatch):
    """Every value that cannot be used is named, not only the first one; the others are still looked at."""
    monkeypatch.setenv("KORE_TIMEOUT", "soon")
    monkeypatch.setenv("KORE_RUN", "yesterday")
    monkeypatch.setenv("KORE_HOST", "https://bots.kore.ai/api/1.1/public/stream")
    ended = kore("doctor", "--json")
    assert ended.code == 1
    said = " ".join(check["what"] for check in by_level(as_json(ended), "error"))
    assert "KORE_TIMEOUT (from environment)" in said
    assert "KORE_RUN (from environment)" in said
    assert "is an endpoint" in said
    assert account.requests == []


def test_each_wrong_value_goes_from_where_it_stands():
    """A lower source is looked at when a higher one had a value that cannot be used."""
    raw = RawSettings(
        typed={"timeout": Given("soon", "command line"), "run": Given("published", "command line")},
        environment={"KORE_TIMEOUT": "later", "KORE_HOST": "https://a.test"},
        ini={"timeout": "7", "keep": "maybe"},
        root=Path(),
        ini_file=None,
        paths=[],
    )
    found, checks, refused = local.settle(raw)
    assert (found.timeout, found.run, found.host) == (7.0, "published", "https://a.test")
    assert refused == {"timeout", "keep"}
    assert {check.what.split(":")[0] for check in checks} == {
        "--kore-timeout (from command line)",
        "KORE_TIMEOUT (from environment)",
        "kore_keep (from ini)",
    }


@pytest.mark.parametrize(
    ("name", "given", "shown"),
    [
        ("ds_id", ["smoke=ds-1", "ds-2"], "smoke=ds-1, job-2=ds-2"),
        ("targets", "dev https://a.test st-1\nlive https://b.test st-2 protected", "dev, live"),
        ("rate_limit", "no", "off"),
        ("emulator", "yes", "on"),
        ("timeout", "1.5", "1.5"),
        ("suite_files", "*.a.json *.b.json", "*.a.json, *.b.json"),
        ("client_secret", SECRET, "set, not shown"),
        ("run", "published", "published"),
    ],
)
def test_settings_are_shown_as_they_are_typed(name, given, shown):
    """Lists as their entries, switches as words; of a secret only that there is one."""
    found = Settings.read(env={}, **{name: given})
    assert local.show_value(name, getattr(found, name)) == shown


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["client_id", "client_secret"]),
        ({"client_secret_file": "secret"}, ["client_id"]),
        ({"client_id": "cs-1"}, ["client_secret"]),
        ({"jwt_file": "token"}, []),
    ],
)
def test_one_way_to_sign_is_enough(given, missing):
    """Neither id nor secret is missed beside a token, and no secret beside its file."""
    found = Settings.read(
        env={}, host="a.test", stream_id=STREAM, user_email="a@b.c", ds_id=["ds-1"], **given
    )
    checks = local.look_for_missing(found, (), has_suites=False)
    assert [check.what for check in checks] == [f"kore_{name} is not set" for name in missing]


def test_a_secret_that_others_can_read_is_told():
    """What was noticed while the settings were read is a warning."""
    (check,) = local.look_at_notes(settings("https://a.test"))
    assert (check.level, check.what) == (
        "warning",
        (
            "--kore-client-secret (from command line): others can read it there;"
            " KORE_CLIENT_SECRET or --kore-client-secret-file is safer"
        ),
    )


def test_files_are_told_by_what_they_hold(tmp_path):
    """Those that were named, those where tests are looked for, and a bot's export that is not there."""
    for name, text in {"a.kore.json": suite(), "b.kore.yaml": "- a\n", "c.json": json.dumps(EXPORT)}.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in ("a.kore.json", "b.kore.yaml", "c.json", "none.json")]
    found = Settings.read(env={}, bot_definition=paths[3])
    assert list(local.read_files(found, [paths[2]], [paths[0], paths[1], paths[3]])) == [
        (paths[2], "export", STREAM),
        (paths[3], "neither", ""),
        (paths[0], "suite", STREAM),
        (paths[1], "neither", ""),
    ]


def test_half_a_secret_is_told():
    """A secret that is shorter than usual signs, so it is a warning and not called well."""
    checks = list(local.look_at_secret(settings("https://a.test", client_secret="short-0123456789")))
    assert [(check.level, check.why) for check in checks] == [
        ("warning", "half a secret signs, too, and is refused")
    ]


def test_a_refused_value_is_told_once(account, kore, monkeypatch):
    """A value that cannot be used is not also called missing."""
    for name, value in {"KORE_HOST": ":host", "KORE_STREAM_ID": "xxxxx", "KORE_USER_EMAIL": "me"}.items():
        monkeypatch.setenv(name, value)
    ended = kore("doctor", "--json")
    found = by_level(as_json(ended), "error")
    assert ended.code == 1
    assert [check["what"].split()[0] for check in found] == ["KORE_HOST", "KORE_STREAM_ID", "KORE_USER_EMAIL"]


def test_a_broken_suite_file_is_named(account, kore, tmp_path):
    """A file that a test run collects, and that holds no suite, is named with the command that says why."""
    (tmp_path / "broken.kore.json").write_text("{")
    found = by_level(as_json(kore("doctor", "--json")), "warning")
    assert "kore-convtest lint broken.kore.json says what is wrong" in [check["fix"] for check in found]


def test_a_secret_that_signs_nothing(account, kore, monkeypatch, tmp_path):
    """An empty secret file is found offline, and the exit code is not 0."""
    path = tmp_path / "secret"
    path.write_text("")
    path.chmod(0o600)
    monkeypatch.delenv("KORE_CLIENT_SECRET")
    monkeypatch.setenv("KORE_CLIENT_SECRET_FILE", str(path))
    ended = kore("doctor", "--json")
    assert ended.code == 1
    assert {check["name"] for check in by_level(as_json(ended), "error")} == {"client secret", "token"}


def test_the_botid_of_suite_files_is_compared(kore, account, tmp_path):
    """Suite files of another bot draw a warning, those of several bots an error that names them."""
    (tmp_path / "a.kore.json").write_text(suite())
    data = as_json(kore("doctor", "--json"))
    said = [check["what"] for check in by_level(data, "warning")]
    assert said == [f"kore_stream_id is {account.stream_id}, the suite files' botId is {STREAM}"]
    (tmp_path / "b.kore.json").write_text(suite(bot="st-2"))
    ended = kore("doctor", "--json")
    assert ended.code == 1
    assert "belong to 2 bots: st-11111111-1111-5111-a111-111111111111 in a.kore.json" in ended.out


EXPORT = {"_id": STREAM, "dialogs": [], "localeData": {}}


@pytest.mark.parametrize("form", ["json", "wrapped", "zip", "xo11 zip"])
def test_a_bot_export_is_recognised(form, tmp_path):
    """A bot export is read as JSON, wrapped, or as a zip of either generation."""
    path = tmp_path / "export"
    if "zip" in form:
        inside = "appDefinition.json" if form.startswith("xo11") else "botDefinition.json"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(inside, json.dumps(EXPORT))
    else:
        path.write_text(json.dumps({"botDefinition": EXPORT} if form == "wrapped" else EXPORT))
    assert local.read_export(path) == STREAM


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"PK\x03\x04", suite().encode()])
def test_other_files_are_no_bot_export(content, tmp_path):
    """What is no bot export is not taken for one, broken zips included."""
    (tmp_path / "it").write_bytes(content)
    assert local.read_export(tmp_path / "it") is None


def test_a_bot_export_is_compared(kore, account, tmp_path):
    """A bot export of another bot draws a warning; a file that is neither kind is named."""
    (tmp_path / "export.json").write_text(json.dumps(EXPORT))
    (tmp_path / "other.json").write_text("{}")
    data = as_json(kore("doctor", "export.json", "other.json", "--json"))
    said = [check["what"] for check in by_level(data, "warning")]
    assert f"the bot export export.json is of {STREAM}" in " ".join(said)
    assert "other.json is neither a suite file nor a bot export" in said


def test_three_places_that_agree(tmp_path):
    """When all three places name the same bot, one line says so."""
    found = Settings.read(env={}, stream_id=STREAM)
    (check,) = local.compare_ids(found, {Path("a"): STREAM}, {Path("b.zip"): STREAM})
    assert check.level == "ok"
    assert "1 suite file(s) and the bot export b.zip name the same bot" in check.what


@pytest.mark.parametrize(("mode", "level"), [(0o600, "ok"), (0o640, "warning"), (0o604, "warning")])
def test_permissions_of_secret_files(mode, level, tmp_path):
    """A secret's file that others can read draws a warning with the command that mends it."""
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(mode)
    (check,) = local.look_at_files(Settings.read(env={}, client_secret_file=path))
    assert check.level == level
    assert check.fix == ("chmod 600 secret" if level == "warning" else "")


def test_a_missing_secret_file():
    """A secret's file that is not there is an error that names the setting."""
    (check,) = local.look_at_files(Settings.read(env={}, client_secret_file="nowhere"))
    assert (check.level, check.what) == (
        "error",
        "kore_client_secret_file: cannot read nowhere: No such file or directory",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * 70_000, "it is larger than 65536 bytes"),
        (b"\xff\xfe", "is empty, no text, or a placeholder"),
        (b"", "is empty, no text, or a placeholder"),
    ],
)
def test_a_token_file_that_holds_no_token(content, said, tmp_path):
    """No more of it is read than a token may have."""
    path = tmp_path / "token"
    path.write_bytes(content)
    (check,) = local.look_at_token(Settings.read(env={}, jwt_file=path), time.time())
    assert check.level == "error"
    assert said in check.what


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_token_from_a_pipe_is_read_once(tmp_path):
    """Nobody is waited for before its text is wanted, and then it is not wanted twice."""
    path = tmp_path / "token"
    os.mkfifo(path, 0o600)
    chosen = Settings.read(env={}, jwt_file=path)
    (about_file,) = local.look_at_files(chosen)
    assert about_file.level == "ok"
    writer = Thread(target=path.write_text, args=[token(jti=None, exp=2e9)])
    writer.start()
    (check,) = local.look_at_token(chosen, time.time())
    writer.join()
    assert (check.level, check.what[:30]) == ("ok", "kore_jwt_file: HS256, appId cs")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_without_an_end_is_not_read_to_it(tmp_path):
    """No more of it is read than a token may have."""
    path = tmp_path / "token"
    os.mkfifo(path, 0o600)

    def write():
        with suppress(BrokenPipeError), path.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass

    writer = Thread(target=write)
    writer.start()
    (check,) = local.look_at_token(Settings.read(env={}, jwt_file=path), time.time())
    writer.join()
    assert check.level == "error"
    assert "it is larger than 65536 bytes" in check.what


def token(**changes):
    """Return a token with other claims."""
    head, body, tail = sign_token("cs-1", SECRET, time.time()).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.{tail}"


@pytest.mark.parametrize(
    ("before", "claims", "level", "said"),
    [
        ("", {"jti": None, "exp": 2e9}, "ok", "HS256, appId cs-1, expires in"),
        ("", {"jti": None, "exp": "soon"}, "warning", "expires in"),
        ("", {}, "error", "works for one request only"),
        ("", {"jti": None, "exp": 5}, "error", "expired"),
        ("", {"appId": None}, "error", "has no usable claim 'appId'"),
        ("Bearer ", {}, "error", "a whole header (Bearer …)"),
        ("Authorization: Bearer ", {}, "error", "a whole header (Authorization …)"),
        ("auth: ", {}, "error", "a whole header (auth …)"),
        ("x.", {}, "error", "is not a JWT"),
    ],
)
def test_claims_of_a_given_token(before, claims, level, said):
    """A given token is looked at before anything is sent; what the platform would refuse is an error."""
    claims = claims | ({"exp": time.time() + 60} if claims.get("exp") == "soon" else {})
    text = token(**claims)
    checks = list(local.look_at_token(Settings.read(env={}, jwt=before + text), time.time()))
    assert checks[0].level == level
    assert said in checks[0].what
    assert text.split(".")[2] not in " ".join(f"{check.what} {check.fix}" for check in checks)


def test_a_host_with_a_path_prefix():
    """A path prefix is named as what it is; on Kore's own hosts it is a warning."""
    (check,) = local.look_at_host(settings("https://gw.example.com/kore"))
    assert (check.level, check.what) == (
        "ok",
        (
            "requests go to https://gw.example.com/kore/api/public/…; /kore is a path prefix,"
            " as a gateway before the platform has it"
        ),
    )
    (check,) = local.look_at_host(settings("https://bots.kore.ai/kore"))
    assert (check.level, check.fix) == ("warning", "set kore_host to https://bots.kore.ai")


def test_what_is_accepted():
    """A status request for a job that cannot exist tells that token, stream and scopes are accepted."""
    with Emulator() as emulator:
        found = wire(emulated(emulator))
        assert [(name, found[name].level) for name in ("API", "clock", "token", "stream", "scope")] == [
            (name, "ok") for name in ("API", "clock", "token", "stream", "scope")
        ]
        assert {request.method for request in emulator.requests} == {"GET"}


def test_a_wrong_secret():
    """A refused token is an error whose way out names what may be wrong."""
    with Emulator() as emulator:
        found = wire(emulated(emulator, client_secret=SECRET))
    assert found["token"].level == "error"
    assert "Invalid SDK credentials" in found["token"].what
    assert "copy id and secret from one JWT app" in found["token"].fix


MISSING = http(400, b'{"errors":[{"msg":"Invalid request id","code":400}]}')
JOB = "ds-00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (http(429, b"{}"), "try again in a few minutes"),
        (http(503, b"{}"), "try again in a few minutes"),
        (http(400, b"{}"), "check kore_host, and compare with curl"),
        (http(200, b"{}"), "check kore_host, and compare with curl"),
    ],
)
def test_an_answer_that_says_nothing_of_the_token(answer, fix):
    """Neither token nor stream is called accepted, and nothing more is asked."""
    with SocketServer(say(answer)) as server:
        (check,) = look_at_access(settings(server.url, ds_id=["ds-1"]), None)
        assert (check.name, check.level, check.fix) == ("token", "error", fix)
        assert len(server.requests) == 1


def by_word(answers):
    """Make a script that answers by a word of the request, else with what is said of no job."""

    def script(line):
        while request := line.request().decode():
            line.send(next((text for word, text in answers.items() if word in request), MISSING))

    return script


def test_a_job_that_should_not_be_there_is_access():
    """Whoever answers even for a job that cannot exist has let us in."""
    told = json.dumps({"_id": JOB, "status": "SUCCESS", "percentageComplete": 100, "streamId": STREAM})
    answers = {JOB: http(200, told.encode())}
    with SocketServer(by_word(answers)) as server:
        checks = list(look_at_access(settings(server.url), None))
    assert [(check.name, check.level) for check in checks] == [
        ("token", "ok"),
        ("stream", "ok"),
        ("scope", "ok"),
        ("scope", "ok"),
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http(503, b"{}"), "HTTP 503 while"),
        (http(400, b'{"errors":[{"msg":"No","code":1}]}'), "HTTP 400 while"),
    ],
)
def test_a_job_that_cannot_be_asked_for(answer, said):
    """It is an error of the job, with what was said of it."""
    with SocketServer(by_word({"/ds-1/": answer})) as server:
        *_, check = look_at_access(settings(server.url, ds_id=["ds-1"]), None)
    assert (check.name, check.level, check.why) == ("job", "error", "the gate would end without a result")
    assert said in check.what


def test_a_stream_of_another_account():
    """A stream that the account does not know is named, not the token."""
    with Emulator(account_level=True) as emulator:
        found = wire(emulated(emulator, stream_id=STREAM))
    assert (found["token"].level, found["stream"].level) == ("ok", "error")


@pytest.mark.parametrize(
    ("scopes", "run", "levels"),
    [
        ({"management"}, None, ["ok", "warning"]),
        ({"management"}, "published", ["ok", "error"]),
        ({"execution"}, None, ["error", "ok"]),
    ],
)
def test_scopes(scopes, run, levels):
    """Each scope is looked at; that of runs is needed only when suites are to be run."""
    with Emulator(scopes=scopes) as emulator:
        found = [check for check in look_at_network(emulated(emulator, run=run)) if check.name == "scope"]
    assert [check.level for check in found] == levels
    assert all("publish" in check.fix for check in found if check.level != "ok")


def test_job_ids_are_looked_up():
    """A given job id is asked for once: one that is unknown makes a gate red."""
    with Emulator() as emulator:
        known = emulator.add_job(status="IN_PROGRESS")
        found = list(look_at_network(emulated(emulator, ds_id=[known, "ds-2"])))
    assert [(check.level, check.what.split()[0]) for check in found if check.name == "job"] == [
        ("ok", known),
        ("error", "ds-2"),
    ]


@pytest.mark.parametrize(("ahead", "word"), [(300, "behind"), (-300, "ahead of")])
def test_a_wrong_clock(ahead, word):
    """A clock that is off is named by the server's Date; a refused token is then put down to it."""
    with Emulator(clock=lambda: time.time() + ahead) as emulator:
        found = wire(emulated(emulator))
    assert found["clock"].level == "warning"
    assert f" s {word} the server's" in found["clock"].what
    assert found["token"].fix.startswith("set this machine's clock first") or found["token"].level == "ok"


def test_nobody_listens():
    """A refused connection is said in one sentence, and nothing more is tried."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = wire(settings(f"http://127.0.0.1:{port}"))
    assert found["connection"].level == "error"
    assert "refused" in found["connection"].what
    assert "token" not in found


def test_a_name_that_nobody_knows(monkeypatch):
    """A host name that cannot be resolved is the first and last thing told."""

    def fail(*_args, **_more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = wire(settings("https://bots.example.invalid"))
    assert list(found) == ["proxy", "name resolution"]
    assert found["name resolution"].what == "bots.example.invalid cannot be resolved: unknown name"


def test_a_name_server_that_is_silent(monkeypatch):
    """Nobody waits for a name longer than for any answer."""
    told = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: told.wait(10))
    found = wire(settings("https://bots.example.invalid", request_timeout="0.01"))
    told.set()
    assert found["name resolution"].what == "bots.example.invalid cannot be resolved: no answer in time"


def test_a_ca_file_that_is_not_there():
    """It is an error of TLS, and nothing is sent."""
    found = wire(settings("https://127.0.0.1:9", ca_bundle="nowhere.pem"))
    assert (found["TLS"].level, found["TLS"].fix) == (
        "error",
        "give a file that holds them, or remove the setting",
    )


def test_a_server_without_tls():
    """What answers https with something else is an error whose way out names the port."""
    with SocketServer(lambda line: line.send(http(400, b"speak http"))) as server:
        found = wire(settings(server.url.replace("http:", "https:")))
    assert (found["TLS"].level, found["TLS"].fix) == (
        "error",
        "check the port of kore_host, and kore_client_cert",
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_platform_in_trouble(status):
    """It is a warning, and the token is tried all the same."""
    with SocketServer(say(http(status, b"{}"))) as server:
        found = wire(settings(server.url))
    assert (found["API"].level, found["API"].fix) == ("warning", "try again in a few minutes")
    assert f"answers HTTP {status}" in found["API"].what
    assert found["token"].level == "error"


def test_a_server_that_tells_no_time():
    """Its clock is not compared, and that is no error."""
    with SocketServer(say(http(401, ENVELOPE))) as server:
        found = wire(settings(server.url))
    assert (found["clock"].level, found["clock"].what) == ("skipped", "the answer has no Date header")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http(302, b"", "Location: https://u:p@login.test/x?t=1"), "redirects to https://login.test/x"),
        (http(401, b"<html>", "WWW-Authenticate: Bearer realm=x"), "wants Authorization: Bearer"),
        (http(407, b""), "the proxy requires authentication"),
        (http(200, b"<title>Welcome</title>"), "an HTML page titled 'Welcome'"),
        (http(404, b"<title>No</title>"), "nothing is known under /api/public"),
    ],
)
def test_strangers(answer, said):
    """What is not the platform's API is named as what it is, and gets no token."""
    with SocketServer(say(answer)) as server:
        found = wire(settings(server.url))
        assert found["API"].level == "error"
        assert said in found["API"].what
        assert found["API"].fix
        assert not any(b"\r\nauth:" in request.lower() for request in server.requests)


def by_path(**answers):
    """Make a script that answers by the beginning of the path."""

    def script(line):
        while request := line.request():
            path = request.split()[1].decode()
            found = next(
                (text for key, text in answers.items() if path.startswith(key.replace("_", "/"))), None
            )
            line.send(found or http(405, b'{"errors":[{"msg":"Method Not Allowed","code":405}]}'))

    return script


@pytest.mark.parametrize(
    ("prefix", "answers", "fix"),
    [
        ("", {"_api_1.1_public": http(401, ENVELOPE)}, "have the gateway route /api/public"),
        ("/kore", {"_api_public": http(401, ENVELOPE)}, "remove the path prefix from kore_host"),
    ],
)
def test_the_right_path_prefix_is_found(prefix, answers, fix):
    """When the API answers under another path, that path is named."""
    with SocketServer(by_path(**answers)) as server:
        found = wire(settings(server.url + prefix))
    assert found["API"].level == "error"
    assert fix in found["API"].fix


def test_a_path_that_breaks_off_is_none():
    """Another path is only tried: that it brings no answer is no finding of its own."""

    def script(line):
        if b"/1.1/" not in line.request():
            line.send(http(404, b"{}"))

    with SocketServer(script) as server:
        found = wire(settings(server.url))
    assert (found["API"].level, found["API"].fix) == (
        "error",
        "check kore_host: bots.kore.ai needs no path prefix, a gateway may",
    )


@pytest.fixture(name="authority", scope="module")
def _authority():
    return trustme.CA(organization_name="Example Inspection")


def serving(authority):
    """Return a server's TLS context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_who_signed_a_trusted_certificate(authority, tmp_path):
    """The signer of the server's certificate is named, and with what it was checked."""
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    answer = http(401, ENVELOPE, f"Date: {formatdate()}")
    with SocketServer(say(answer), context=serving(authority)) as server:
        found = wire(settings(server.url, ca_bundle=bundle))
    assert found["TLS"].level == "ok"
    assert "signed by Example Inspection" in found["TLS"].what
    assert f"checked with the CA file {bundle}" in found["TLS"].what


def test_who_signed_a_certificate_that_nobody_trusts(authority, tmp_path):
    """An untrusted certificate's signer is named, too; nothing is sent to its server."""
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    with SocketServer(say(http(401, ENVELOPE)), context=serving(authority)) as server:
        found = wire(settings(server.url, ca_bundle=bundle))
        assert server.requests == []
    assert found["TLS"].level == "error"
    assert "signed by Example Inspection" in found["TLS"].what
    assert "kore_ca_bundle" in found["TLS"].fix


def test_who_signed_what_a_proxy_lets_through(authority, monkeypatch, tmp_path):
    """An inspecting proxy is found by the signer of the certificate behind it."""
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    context = serving(authority)

    def script(line):
        assert line.request().startswith(b"CONNECT bots.example.invalid:443 ")
        line.send(http(200, length=False))
        context.wrap_socket(line.socket, server_side=True).close()

    with SocketServer(script) as server:
        monkeypatch.setenv("https_proxy", server.url)
        found = wire(settings("https://bots.example.invalid", ca_bundle=bundle))
        assert server.connections == 2
    assert found["TLS"].level == "error"
    assert "signed by Example Inspection" in found["TLS"].what


@pytest.mark.parametrize("der", [b"", b"0", b"0\x80", b"0\x05abc", b"\x30\x03\x30\x01\x30", b"\xff" * 40])
def test_what_is_no_certificate(der):
    """Bytes that are no certificate have no signer, and that is no crash."""
    assert issuer_of(der) == ""


def der(tag, *parts):
    """Return a DER element of fewer than 128 bytes."""
    data = b"".join(parts)
    return bytes([tag, len(data)]) + data


@pytest.mark.parametrize(
    ("tag", "name"), [(0x0C, b"Example"), (0x1E, "Example".encode("utf-16-be")), (0x13, b"Example")]
)
@pytest.mark.parametrize("version", [b"", der(0xA0, der(0x02, b"\x02"))])
def test_the_issuer_of_any_version_is_read(version, tag, name):
    """The oldest certificates do not say of which version they are, and names are written in several ways."""
    organisation = der(0x31, der(0x30, der(0x06, b"\x55\x04\x0a"), der(tag, name)))
    country = der(0x31, der(0x30, der(0x06, b"\x55\x04\x06"), der(0x13, b"DE")))
    fields = [version, der(0x02, b"\x01"), der(0x30), der(0x30, country, organisation)]
    assert issuer_of(der(0x30, der(0x30, *fields))) == "Example"


def test_a_server_that_goes_away_has_no_signer():
    """That nobody can be named is no crash."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        assert unverified_issuer(ours, "bots.example.invalid") == ""


def test_a_proxy_is_named(monkeypatch):
    """The proxy and the variable that names it are told, its password is not; a dead one is the error."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://me:{SECRET}@127.0.0.1:{port}")
    found = wire(settings("https://bots.example.invalid"))
    assert found["proxy"].what == (
        f"bots.example.invalid is reached through http://127.0.0.1:{port}, with a login (from https_proxy)"
    )
    assert "through the proxy 127.0.0.1" in found["connection"].what
    assert not any(SECRET in f"{check}" for check in found.values())


def test_a_proxy_that_refuses(monkeypatch):
    """A proxy that does not let us through is named as the cause."""
    with SocketServer(say(http(403, b""))) as server:
        monkeypatch.setenv("https_proxy", server.url)
        found = wire(settings("https://bots.example.invalid"))
    assert found["proxy"].level == "error"
    assert "refuses the way to bots.example.invalid:443" in found["proxy"].what


def test_a_single_use_token_is_not_spent():
    """A given token with a jti is not sent: the check itself would use it up."""
    with Emulator() as emulator:
        jwt = sign_token(emulator.client_id, emulator.client_secret, time.time())
        found = wire(Settings.read(env={}, host=emulator.url, stream_id=emulator.stream_id, jwt=jwt))
        assert found["token"].level == "error"
        assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    "address", ["http://bob:s3cr3t#x@127.0.0.1:9", "http://bob:s3cr3t/x@h", "http://bob:s3cr3t@[::1"]
)
def test_a_proxy_that_cannot_be_read_is_not_repeated(kore, monkeypatch, address):
    """A password with a letter that ends an address is one finding, which does not show it."""
    monkeypatch.setenv("HTTPS_PROXY", address)
    ended = kore("doctor", "--kore-host=https://bots.example")
    assert "the proxy's address cannot be read" in ended.out
    assert "s3cr3t" not in ended.out + ended.err
