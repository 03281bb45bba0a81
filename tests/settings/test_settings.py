"""The table is resolved: command line, environment, ini, default; every value knows its source."""

import dataclasses
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.settings.options import TABLE
from pytest_kore_convtest.settings.settings import Given, Settings, require, resolve

CANARY = "canary-hunter2"

SAMPLES = {
    "url": ("a.example.com", "b.example.com", "c.example.com"),
    "id": ("st-1", "st-2", "st-3"),
    "jobs": ("ds-1", "ds-2", "ds-3"),
    "path": ("a", "b", "c"),
    "email": ("a@x", "b@x", "c@x"),
    "version": ("published", "off", "inDevelopment"),
    "flag": ("yes", "no", "1"),
    "template": ("{run}a", "{run}b", "{run}c"),
    "keep": ("always", "never", "on-failure"),
    "unconfigured": ("skip", "error", "skip"),
    "seconds": ("11", "12", "13"),
    "count": ("1", "2", "3"),
    "language": ("de", "fr", "ja"),
    "exit_code": ("1", "2", "off"),
    "globs": ("a", "b", "c"),
    "targets": ("a h1 st-1", "b h2 st-2", "c h3 st-3"),
    "secret": ("s1", "s2", "s3"),
}
TARGETS = "dev a.example.com st-11\nprod b.example.com st-33 protected"
RUNGS = ("command line", "environment", "ini")
FULL = {"host": "h.example.com", "stream_id": "st-1", "client_id": "cs-1", "client_secret": "s"}


def rungs_of(row):
    """Return where a setting can be given, highest first."""
    has = {"command line": True, "environment": row.env, "ini": row.ini}
    return [rung for rung in RUNGS if has[rung]]


LADDERS = [
    pytest.param(row, rungs_of(row)[number:], id=f"{row.name}-{rungs_of(row)[number]}")
    for row in TABLE
    if row.kind in SAMPLES and row.name != "bot"  # without the emulator nobody answers by it
    for number in range(len(rungs_of(row)))
]


def settings(line=None, env=None, ini=None, *, addopts=None, ini_dir=None):
    """Resolve from plain values of each source."""
    given_ones = {name: Given(value, "addopts") for name, value in (addopts or {}).items()}
    given_ones |= {name: Given(value, "command line") for name, value in (line or {}).items()}
    environ = {f"KORE_{name.upper()}": value for name, value in (env or {}).items()}
    return resolve(given_ones, environ, ini or {}, ini_dir)


def refusal(*args, **kwargs):
    """Return the error that resolving raises."""
    with pytest.raises(ConfigError) as refused:
        settings(*args, **kwargs)
    return refused.value


def shown(value):
    """Return a value in a form that compares."""
    return value.reveal() if hasattr(value, "reveal") else value


def alone(row, text):
    """Return the value that a row has when nothing else is given."""
    return shown(getattr(settings({row.name: text}), row.name))


@pytest.mark.parametrize(("row", "rungs"), LADDERS)
def test_the_highest_rung_wins_over_all_lower_ones(row, rungs, tmp_path, monkeypatch):
    """Each setting takes the highest rung that it has, and lower rungs are decoys."""
    monkeypatch.chdir(tmp_path)
    texts = dict(zip(RUNGS, SAMPLES[row.kind], strict=True))
    by_rung = {rung: {row.name: texts[rung]} if rung in rungs else {} for rung in RUNGS}
    found = settings(by_rung["command line"], by_rung["environment"], by_rung["ini"], ini_dir=tmp_path)
    value = (shown(getattr(found, row.name)), found.source(row.name))
    assert value == (alone(row, texts[rungs[0]]), rungs[0])


def test_the_class_has_an_attribute_for_every_row():
    """The table and the class name the same settings."""
    fields = {field.name for field in dataclasses.fields(Settings)}
    assert fields - {row.name for row in TABLE} == {"protected", "sources", "notes"}


@pytest.mark.parametrize("blank", ["", "  ", "\ufeff", " \ufeff \n", "\u00a0"])
def test_an_empty_environment_value_is_unset(blank):
    """A variable that CI leaves empty does not hide the ini file."""
    found = settings(env={"host": blank}, ini={"host": "c.example.com"})
    assert (found.host, found.source("host")) == ("https://c.example.com", "ini")


@pytest.mark.parametrize("rung", ["line", "ini"])
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TABLE if row.ini])
def test_an_empty_value_elsewhere_is_a_usage_error(row, rung):
    """Who writes a setting and leaves it empty has made a mistake, and is told where."""
    error = refusal(**{rung: {row.name: ""}})
    expected = f"kore_{row.name} (from ini)" if rung == "ini" else "(from command line)"
    assert (expected in str(error), error.name) == (True, row.name)


@pytest.mark.parametrize("rung", ["env", "ini"])
@pytest.mark.parametrize("name", ["emulator", "gate"])
def test_switches_that_may_not_lie_in_a_file(name, rung):
    """No ini file turns on the emulator or the gate, and no environment the gate."""
    found = getattr(settings(**{rung: {name: "1"}}), name)
    assert found is (name == "emulator" and rung == "env")


@pytest.mark.parametrize(
    ("rung", "spelled"),
    [
        ("line", "--kore-timeout (from command line)"),
        ("addopts", "--kore-timeout (from addopts)"),
        ("env", "KORE_TIMEOUT (from environment)"),
        ("ini", "kore_timeout (from ini)"),
    ],
)
def test_a_bad_value_is_named_with_source_and_text(rung, spelled):
    """The message names the option as it was given, where, and what stands there."""
    error = refusal(**{rung: {"timeout": "soon"}})
    assert (str(error).startswith(f"{spelled}: 'soon' is not"), error.text) == (True, "soon")


def test_a_bad_lower_value_is_no_matter():
    """A value that a higher source hides is never read."""
    assert settings({"timeout": "5"}, {"timeout": "soon"}, {"timeout": ""}).timeout == 5.0


def test_typed_ini_values():
    """Numbers and booleans of ``[tool.pytest]`` are values too."""
    found = settings(ini={"timeout": 5, "rate_limit": False, "max_parallel": 2, "run": False})
    assert (found.timeout, found.rate_limit, found.max_parallel, found.run) == (5.0, False, 2, None)


def test_relative_paths_start_where_they_were_written(tmp_path, monkeypatch):
    """A path in the ini file starts there, any other in the current directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    found = settings({"html": "r.html"}, {"json": "r.json"}, {"markdown": "r.md"}, ini_dir=tmp_path)
    expected = (tmp_path / "here" / "r.html", tmp_path / "here" / "r.json", tmp_path / "r.md")
    assert (found.html, found.json, found.markdown) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("~/x", Path.home() / "x"), ("~nobody-of-that-name/x", Path.cwd() / "~nobody-of-that-name/x")],
)
def test_home_is_expanded_when_there_is_one(text, expected):
    """``~`` is the user's home; a home that nobody has stays text and raises nothing."""
    assert settings({"html": text}).html == expected


@pytest.mark.parametrize("winner", ["secret", "token"])
@pytest.mark.parametrize(
    ("high", "low"),
    [("line", "env"), ("line", "ini"), ("env", "ini"), ("addopts", "env"), ("addopts", "ini")],
)
@pytest.mark.parametrize("secret", ["client_secret", "client_secret_file"])
@pytest.mark.parametrize("token", ["jwt", "jwt_file"])
def test_of_secret_and_token_the_higher_source_wins(winner, high, low, secret, token):
    """The lower one is dropped, and a note says so without showing it."""
    first, second = (secret, token) if winner == "secret" else (token, secret)
    found = settings(**{high: {first: CANARY}, low: {second: CANARY + "2"}})
    said = [note for note in found.notes if "is not used" in note]
    expected = (True, None, 1, False)
    assert (
        bool(getattr(found, first)),
        getattr(found, second),
        len(said),
        CANARY in str(found.notes),
    ) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("client_secret", "jwt"),
        ("client_secret_file", "jwt_file"),
        ("client_secret", "client_secret_file"),
        ("jwt", "jwt_file"),
    ],
)
@pytest.mark.parametrize("rung", ["line", "addopts", "env", "ini"])
def test_two_credentials_of_the_same_source_contradict(one, other, rung):
    """Which of the two is meant, nobody can know; the message names both and shows neither."""
    text = str(refusal(**{rung: {one: CANARY, other: CANARY}}))
    named = one.replace("_", "-") in text.lower().replace("_", "-")
    assert ("contradict" in text, named, CANARY in text) == (True, True, False)


def test_addopts_ranks_as_command_line():
    """A token typed and a secret in addopts are of one rank, so they contradict each other."""
    assert "contradict" in str(refusal({"jwt": CANARY}, addopts={"client_secret": CANARY}))


def test_addopts_is_named_as_source():
    """A value from addopts says so, and hides the environment's."""
    found = settings(addopts={"host": "a.example.com"}, env={"host": "b.example.com"})
    assert (found.host, found.source("host")) == ("https://a.example.com", "addopts")


@pytest.mark.parametrize(("rung", "drawn"), [("line", 1), ("addopts", 1), ("ini", 1), ("env", 0)])
@pytest.mark.parametrize("name", ["client_secret", "jwt"])
def test_an_exposed_secret_draws_one_line(name, rung, drawn):
    """A secret that others can read works, and one note says what is safer."""
    found = settings(**{rung: {name: CANARY}})
    lines = [note for note in found.notes if "others can read it" in note]
    assert (getattr(found, name).reveal(), len(lines), CANARY in str(lines)) == (CANARY, drawn, False)


def test_an_exposed_secret_is_told_even_when_it_is_not_used():
    """A secret in the ini file lies there, whichever token is used instead."""
    notes = settings(env={"jwt": CANARY}, ini={"client_secret": CANARY}).notes
    assert [note.partition(":")[0] for note in notes] == [
        "kore_client_secret (from ini)", "kore_client_secret (from ini) is not used",
    ]  # fmt: skip


def test_a_target_sets_host_and_stream():
    """A name stands for host and stream, whose source is the target."""
    found = settings({"target": "dev"}, ini={"targets": TARGETS})
    sources = (found.source("host"), found.source("stream_id"))
    expected = ("https://a.example.com", "st-11", ("target", "target"), False)
    assert (found.host, found.stream_id, sources, found.protected) == expected


def test_a_protected_target_is_protected():
    """The word after a target's stream protects it."""
    assert settings(env={"target": "prod"}, ini={"targets": TARGETS}).protected is True


def test_a_higher_source_hides_part_of_a_target():
    """A host from a higher source wins, and the note names what it hides."""
    found = settings({"host": "c.example.com"}, {"target": "prod"}, {"targets": TARGETS})
    assert (found.host, found.stream_id, found.source("host"), found.protected, found.notes) == (
        "https://c.example.com", "st-33", "command line", True,
        ("--kore-host (from command line) hides https://b.example.com of target prod",),
    )  # fmt: skip


def test_a_target_hides_lower_sources():
    """A target from a higher source wins over host and stream, and the notes say so."""
    found = settings({"target": "dev"}, {"host": "c.example.com", "stream_id": "st-9"}, {"targets": TARGETS})
    assert (found.host, found.stream_id, found.notes) == (
        "https://a.example.com",
        "st-11",
        (
            "KORE_HOST (from environment) is not used: target dev wins",
            "KORE_STREAM_ID (from environment) is not used: target dev wins",
        ),
    )


@pytest.mark.parametrize("given_one", [{"host": "c.example.com"}, {"stream_id": "st-9"}])
def test_a_target_and_a_value_of_the_same_source_contradict(given_one):
    """Target and host typed side by side cannot both be meant."""
    assert "contradict" in str(refusal({"target": "dev", **given_one}, ini={"targets": TARGETS}))


def test_a_target_beside_its_own_values_is_no_contradiction():
    """Host and stream that repeat the target's are no news."""
    found = settings(
        {"target": "dev", "host": "a.example.com", "stream_id": "st-11"}, ini={"targets": TARGETS}
    )
    assert (found.host, found.notes) == ("https://a.example.com", ())


@pytest.mark.parametrize(("ini", "known"), [({"targets": TARGETS}, "dev, prod"), ({}, "none")])
def test_an_unknown_target_lists_the_known_ones(ini, known):
    """A misspelt target shows what there is."""
    assert f"'deb' is not a target in kore_targets (known: {known})" in str(
        refusal({"target": "deb"}, ini=ini)
    )


def test_the_stand_in_gets_nothing_real():
    """Host, stream, credentials and e-mail of lower sources are dropped, and a note lists them."""
    real = {**FULL, "user_email": "a@x"}
    found = settings({"emulator": True}, real, {"jwt_file": "x"})
    left = [name for name in (*real, "jwt_file") if getattr(found, name) is not None or name in found.sources]
    keys = "kore_host, kore_stream_id, kore_client_id, kore_client_secret, kore_jwt_file, kore_user_email"
    note = f"not used with the emulator: {keys}"
    assert (found.emulator, left, found.notes) == (True, [], (note,))


def test_the_stand_in_drops_a_target_and_its_protection():
    """A protected target of a lower source does not protect the emulator."""
    found = settings({"emulator": True}, {"target": "prod"}, {"targets": TARGETS})
    assert (found.host, found.target, found.protected, found.emulator) == (None, None, False, True)


@pytest.mark.parametrize("real", [{"host": "a.example.com"}, {"target": "dev"}])
def test_the_stand_in_and_a_real_host_of_the_same_source_contradict(real):
    """Either the emulator or a host is meant."""
    assert "contradict" in str(refusal({"emulator": True, **real}, ini={"targets": TARGETS}))


def test_a_real_host_of_a_higher_source_wins_over_the_stand_in():
    """A host that is typed is asked, although the environment turns the emulator on."""
    found = settings({"host": "a.example.com"}, {"emulator": "1", "client_id": "cs-1"})
    expected = (
        False,
        "default",
        "cs-1",
        ("KORE_EMULATOR (from environment) is not used: --kore-host (from command line) wins",),
    )
    assert (found.emulator, found.source("emulator"), found.client_id, found.notes) == expected


def test_no_stand_in_leaves_everything():
    """``--no-kore-emulator`` turns off what the environment turned on."""
    found = settings({"emulator": False, "host": "a.example.com"}, {"emulator": "1"})
    assert (found.emulator, found.host) == (False, "https://a.example.com")


@pytest.mark.parametrize(
    ("ini", "longest"),
    [({"poll_interval": 20}, 20.0), ({"poll_interval": 1}, 10.0), ({"max_poll_interval": 3}, 3.0)],
)
def test_the_longest_pause_is_never_below_the_shortest(ini, longest):
    """A shortest pause above the default of the longest lifts it."""
    assert settings(ini=ini).max_poll_interval == longest


def test_pauses_that_contradict():
    """A longest pause below the shortest is told."""
    error = refusal(env={"max_poll_interval": "3"}, ini={"poll_interval": 4})
    assert (
        str(error)
        == "KORE_MAX_POLL_INTERVAL (from environment) is shorter than kore_poll_interval (4 s): raise it"
    )


@pytest.mark.parametrize(
    ("keep", "allowed"), [("always", True), ("never", False), ("on-failure", False), (None, False)]
)
def test_a_name_without_run_needs_keep_always(keep, allowed):
    """A fixed name may be somebody else's suite, so this run may not delete it."""
    given_ones = {"import_name": "{name}", **({"keep": keep} if keep else {})}
    said = "" if allowed else str(refusal(given_ones))
    assert ("add {run}, or set --kore-keep always" in said, allowed and settings(given_ones).import_name) == (
        not allowed, allowed and "{name}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given_ones", "hints"),
    [
        ({"stream_id": "st-1", "ds_id": "ds-1", "client_id": "cs-1"}, 0),
        ({"stream_id": "ds-1"}, 1),
        ({"ds_id": "ds-1 st-1 x"}, 2),
        ({"client_id": "abc"}, 1),
    ],
)
def test_an_id_of_another_kind_draws_a_hint(given_ones, hints):
    """An id that does not look like its kind is used, with a hint."""
    assert len([note for note in settings(env=given_ones).notes if "does not look like one" in note]) == hints


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"REQUESTS_CA_BUNDLE": "/a", "CURL_CA_BUNDLE": "/b", "SSL_CERT_FILE": "/c"}, "/a"),
        ({"REQUESTS_CA_BUNDLE": " ", "CURL_CA_BUNDLE": "/b"}, "/b"),
        ({"SSL_CERT_FILE": "/c"}, "/c"),
        ({"KORE_CA_BUNDLE": "/k", "REQUESTS_CA_BUNDLE": "/a"}, "/k"),
    ],
)
def test_certificates_fall_back_to_the_usual_names(env, expected):
    """The names that other tools use serve when ours is not set."""
    found = resolve({}, {"KORE_HOST": "h", **env})
    assert (found.ca_bundle, found.source("ca_bundle")) == (Path(expected), "environment")


def test_other_tools_certificates_configure_nothing():
    """A variable of another tool does not wake the plugin up."""
    assert resolve({}, {"REQUESTS_CA_BUNDLE": "/a"}).configured is False


def test_read_without_pytest():
    """A script gives values; the environment serves the rest, ``None`` counts as not given."""
    found = Settings.read(
        env={"KORE_STREAM_ID": "st-1", "KORE_TIMEOUT": "9"}, host="h.example.com", timeout=None
    )
    assert (found.host, found.stream_id, found.timeout) == ("https://h.example.com", "st-1", 9.0)


def test_read_takes_the_process_environment(monkeypatch):
    """Without an environment of its own a script reads that of its process."""
    monkeypatch.setenv("KORE_STREAM_ID", "st-1")
    assert Settings.read().stream_id == "st-1"


def test_read_knows_its_names():
    """A misspelt keyword is a programming mistake, and the known names are listed."""
    with pytest.raises(TypeError, match=r"no such setting: hots; there are host, "):
        Settings.read(env={}, hots="x")


def frames_of(raised):
    """Return the text of all local variables in a traceback, as ``--showlocals`` might print them."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(raised.tb), capture_locals=True)
    return [str(frame.locals) for frame in frames if "pytest_kore_convtest" in frame.filename]


@pytest.mark.parametrize(
    "read",
    [
        lambda env: Settings.read(env=env, jwt_file="x", timeout="soon"),
        lambda env: resolve({"timeout": Given("soon", "command line")}, env, {"jwt": CANARY}),
    ],
)
def test_no_traceback_holds_a_secret(read):
    """The frames of a refusal keep neither the environment nor what was given."""
    with pytest.raises(ConfigError) as raised:
        read({"KORE_CLIENT_SECRET": CANARY})
    texts = frames_of(raised)
    assert (len(texts) > 0, CANARY in "".join(texts), raised.value.__context__) == (True, False, None)


@pytest.mark.parametrize("name", ["client_secret", "jwt"])
def test_a_refused_secret_is_in_no_message(name):
    """The error on a secret holds it nowhere."""
    error = refusal({name: f"<{CANARY}>"})
    assert (CANARY in str(error.to_data()), error.text) == (False, "")


def test_settings_show_no_secret():
    """Printing the settings, in whole or in parts, prints no secret."""
    found = settings(env={"client_secret": CANARY})
    assert CANARY not in f"{found} {found!r} {vars(found)}"


@pytest.mark.parametrize(
    ("without", "write", "named"),
    [
        ((), False, []),
        (("host",), False, ["--kore-host"]),
        (("stream_id",), False, ["KORE_STREAM_ID"]),
        (("client_id",), False, ["--kore-client-id"]),
        (("client_secret",), False, ["KORE_CLIENT_SECRET or --kore-client-secret-file", "KORE_JWT"]),
        ((), True, ["--kore-user-email"]),
        (("host", "client_id"), True, ["kore_host", "kore_client_id", "kore_user_email"]),
    ],
)
def test_what_is_missing_is_listed_at_once(without, write, named):
    """All that has to be set is named in one message."""
    found = settings(env={name: text for name, text in FULL.items() if name not in without})
    try:
        require(found, write=write)
    except ConfigError as error:
        said = str(error)
    else:
        said = ""
    assert ([word for word in named if word not in said], "only partly configured" in said) == (
        [],
        bool(named),
    )


@pytest.mark.parametrize("token", [{"jwt": "t"}, {"jwt_file": "t"}])
def test_a_token_serves_instead_of_id_and_secret(token):
    """With a token neither client id nor secret is asked for."""
    assert require(settings(env={"host": "h.example.com", "stream_id": "st-1", **token})) is None


@pytest.mark.parametrize("write", [True, False])
def test_nothing_configured_is_told_as_such(write):
    """Who has set nothing reads what to set, and how to try without an account."""
    with pytest.raises(ConfigError, match=r"Kore is not configured\. Set: .*--kore-emulator"):
        require(settings(), write=write)


@given(
    st.dictionaries(
        st.sampled_from([row.env_name for row in TABLE]),
        st.text(st.characters(exclude_characters="\x00")),
        max_size=4,
    )
)
def test_any_environment_gives_settings_or_a_config_error(env):
    """Whatever the environment holds, the outcome is settings or one printable sentence."""
    try:
        resolve({}, env)
    except ConfigError as error:
        said = str(error)
    else:
        said = "settings"
    assert said.isprintable()


def test_reading_settings_loads_nothing_heavy():
    """Resolving settings imports no library that pytest does not need anyway."""
    code = (
        "import sys; from pytest_kore_convtest.settings.settings import resolve;"
        "resolve({}, {'KORE_HOST': 'h.example.com', 'KORE_JWT': 'x', 'KORE_DS_ID': 'ds-1'});"
        "heavy = {'pydantic', 'requests', 'jwt', 'ssl', 'http.client', 'urllib3'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def rhythm(**sources):
    """Return the pauses and whether the platform's limits are kept."""
    found = settings(**sources)
    return found.poll_interval, found.max_poll_interval, found.rate_limit


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({}, (2.0, 10.0, True)),
        ({"line": {"emulator": True}}, (0.02, 0.1, False)),
        ({"env": {"emulator": "1", "emulator_speed": "real"}}, (2.0, 10.0, True)),
        ({"line": {"emulator": True}, "ini": {"poll_interval": "3"}}, (3.0, 3.0, False)),
        ({"line": {"emulator": True}, "env": {"max_poll_interval": "0.01"}}, (0.01, 0.01, False)),
        ({"line": {"emulator": True}, "ini": {"rate_limit": "on"}}, (0.02, 0.1, True)),
        ({"line": {"host": "h.example.com"}, "env": {"emulator": "1"}}, (2.0, 10.0, True)),
        ({"env": {"host": "http://127.0.0.1:1"}}, (2.0, 10.0, True)),
        ({"env": {"host": "http://127.0.0.1:1", "emulator_speed": "fast"}}, (0.02, 0.1, False)),
        ({"env": {"host": "https://h.example.com", "emulator_speed": "fast"}}, (2.0, 10.0, True)),
    ],
)
def test_nothing_waits_for_the_emulator(sources, expected):
    """Against the emulator pauses are short and limits off, unless set, or the real speed is wanted."""
    assert rhythm(**sources) == expected


def test_a_speed_without_the_emulator_draws_a_hint():
    """Who asks for speed against a real platform is told that there is none."""
    found = settings(env={"emulator_speed": "fast", "host": "h.example.com"})
    assert found.notes == ("KORE_EMULATOR_SPEED (from environment) is not used: it is for the emulator",)


@pytest.mark.parametrize(("source", "notes"), [("env", 1), ("ini", 0), ("addopts", 0)])
def test_a_bot_without_the_emulator(source, notes):
    """In a file it waits for the emulator, in the environment it draws a hint; typed it is refused."""
    found = settings(**{source: {"bot": "bot.json"}})
    assert (found.bot, found.source("bot"), len(found.notes)) == (None, "default", notes)
    assert str(refusal({"bot": "bot.json"})) == (
        "--kore-bot (from command line) works only with --kore-emulator, not with a real bot."
        " With the command kore-convtest emulator, use --bot."
    )


def test_the_bot_is_found_where_the_ini_file_is(tmp_path):
    """A relative path of the ini file starts at it."""
    found = settings({"emulator": True}, ini={"bot": "bot.json"}, ini_dir=tmp_path)
    assert found.bot == tmp_path / "bot.json"


def test_flaky_steps_are_errors_only_where_no_rate_is_wanted():
    """What wants each step to pass each time contradicts what wants it to pass so often."""
    said = str(refusal({"fail_on": "flaky", "repeat": "5", "min_pass_rate": "0.8", "run": "published"}))
    assert "contradict each other" in said
    assert "leave one out" in said


def test_flaky_steps_need_a_second_run():
    """Without one nothing is ever flaky, and that is said."""
    (note,) = settings({"fail_on": "flaky", "run": "published"}).notes
    assert "finds no flaky step" in note
    assert not settings({"fail_on": "flaky", "retry_failed": "1", "run": "published"}).notes
