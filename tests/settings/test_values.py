"""Texts become values, or a sentence that says what to write instead."""

import copy
import math
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.settings.types import READERS, one_of
from pytest_kore_convtest.settings.values import (
    ImportJob,
    Secret,
    Target,
    check_id,
    is_loopback,
    read_id,
    read_jobs,
    read_secret,
    read_targets,
    read_text,
    read_url,
)

BOM = "\ufeff"
ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwyz0123456789_-"

HOSTILE_IDS = [
    "ds-1/../../../../admin", "../../../x", "..", ".", "ds-1?x=1", "ds-1#frag", "ds 1", "ds-1%2F..%2F..",
    "%2e%2e", "ds-1;p=1", "ds\n1", "ds\r\nX: 1", "\u202eds", "ds-\xe9", "a" * 129, "//evil", "\\..\\..",
    "ds-1\x00", "-ds-1", "_ds", "ds-1/../x", "ds-1/", "ds-\uff11", "ds-1\u2028",
]  # fmt: skip

HOSTILE_HOSTS = [
    "http://127.0.0.1:80?x=", "http://127.0.0.1:80#", "https://bots.kore.ai#", "https://bots.kore.ai?",
    "https://bots.kore.ai@127.0.0.1", "http://127.0.0.1\\@bots.kore.ai", "file:///etc/passwd",
    "file:///etc/passwd?", "ftp://bots.kore.ai", "https://", "https:///x", "http://127.1", "https://h/..",
    "https://h/../x", "https://h/./x", "https://h/%2e%2e/x", "https://h/a;b", "https://h//x", "bots kore ai",
    "https://bots.kore.ai\r\nX: 1", "https://bots.kore.ai\x00", "https://bots\u202e.kore.ai", "bots..kore.ai",
    "https://-bots.kore.ai", "https://bots.kore.ai:0", "https://bots.kore.ai:65536", "https://bots.kore.ai:x",
    "https://bots.kore.ai:", "https://b%6fts.kore.ai", "https://bots.k\u043ere.ai", "::1", "https://[fe80::1%25eth0]",
    f"https://{'a' * 64}.ai", "https://" + "a." * 127 + "ai", "https:bots.kore.ai", "javascript:alert(1)",
    "https://bots.kore.ai/api/public/uploadfile", "https://bots.kore.ai/api/1.1/public", "https://bots.kore.ai/api",
]  # fmt: skip


def refusal(read, raw):
    """Return what a reader says when it refuses a value."""
    with pytest.raises(ValueError, match=r".") as refused:
        read(raw)
    return str(refused.value)


@pytest.mark.parametrize("raw", ["ds-1", " ds-1\t", f"{BOM}ds-1", f" {BOM} ds-1\r\n"])
def test_blanks_and_one_byte_order_mark_are_stripped(raw):
    """A value read from a file with a byte order mark is the value."""
    assert read_text(raw) == "ds-1"


@pytest.mark.parametrize("kind", sorted(READERS))
@pytest.mark.parametrize("raw", ["", "  ", BOM, f" {BOM}\n"])
def test_an_empty_value_is_refused_whatever_its_kind(kind, raw):
    """No reader takes nothing for something."""
    assert refusal(READERS[kind], raw) != ""


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (":streamId", "path parameter"),
        ("{{host}}", "template placeholder"),
        ("{language-code}", "placeholder from the documentation"),
        ("{YOUR_JWT_ACCESS_TOKEN}", "placeholder from the documentation"),
        ("{stream.id 2}", "placeholder from the documentation"),
        ("$KORE_HOST", "shell variable"),
        ("https://${KORE_HOST}/x", "shell variable"),
        ("<your-bot-id>", "is a placeholder"),
    ],
)
def test_placeholders_are_named_as_what_they_are(raw, what):
    """Text copied from the documentation is recognised and shown."""
    said = refusal(read_text, raw)
    shown = "'${KORE_HOST}' in a value of 22 characters" if raw.startswith("https") else repr(raw)
    assert (what in said, shown in said) == (True, True)


@pytest.mark.parametrize("raw", ["a\nb", "a\x00b", "a\x1b[2Jb"])
def test_control_characters_are_refused_and_shown_escaped(raw):
    """A control character reaches neither a value nor a terminal."""
    assert refusal(read_text, raw).isprintable()


@pytest.mark.parametrize("raw", [True, None, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused_with_its_type(raw):
    """A typed value of the wrong kind is named by its type."""
    assert type(raw).__name__ in refusal(read_text, raw)


@pytest.mark.parametrize("text", HOSTILE_IDS)
def test_hostile_ids_are_refused(text):
    """What could leave its place in a path is no id, and the message is fit for a terminal."""
    said = refusal(check_id, text)
    assert ("is not a valid id" in said, said.isprintable()) == (True, True)


@pytest.mark.parametrize("text", ["st-45xxxxx7-3xx4", "ds-XXXXX", "xxxxxxxx"])
def test_masked_ids_are_named_as_masked(text):
    """An id with the documentation's x is no real id."""
    assert "masked with x" in refusal(read_id, text)


@given(st.text(ID_LETTERS, max_size=127), st.sampled_from(ID_LETTERS[:-2]))
def test_every_id_of_the_platforms_alphabet_passes_unchanged(rest, first):
    """Letters, digits, dash and underscore, up to 128, are an id."""
    assert check_id(first + rest) == first + rest


@given(st.text())
def test_no_accepted_id_can_change_a_path(text):
    """Whatever passes consists of harmless characters."""
    try:
        found = read_id(text)
    except ValueError:
        return
    assert set(found) - set(ID_LETTERS) - set("xX") == set()


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("bots.kore.ai", "https://bots.kore.ai"),
        (" https://bots.kore.ai/ ", "https://bots.kore.ai"),
        ("HTTPS://Bots.Kore.AI", "https://bots.kore.ai"),
        ("https://bots.kore.ai:8443", "https://bots.kore.ai:8443"),
        ("https://gw.example.com/Kore/v1/", "https://gw.example.com/Kore/v1"),
        ("https://gw.example.com/api/kore", "https://gw.example.com/api/kore"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("HTTP://LocalHost:1", "http://localhost:1"),
        ("kore_internal:8443", "https://kore_internal:8443"),
        ("my-xo.kore.ai.", "https://my-xo.kore.ai."),
    ],
)
def test_base_urls(raw, url):
    """A host becomes a base URL without a slash at its end."""
    assert read_url(raw) == url


@pytest.mark.parametrize(
    "raw",
    [
        "https//bots.example.com", "https:bots.example.com", "http:/bots.example.com", "htps://bots.example.com",
        "httpss://bots.example.com", "hhtps://bots.example.com", "ttps://bots.example.com",
        "//bots.example.com", "://bots.example.com", "https;//bots.example.com",
        "https:////bots.example.com", "HTTPS//BOTS.EXAMPLE.COM/", "https://https://bots.example.com",
        "https://http//bots.example.com", "https://bots.example.com/botbuilder",
        "https://bots.example.com/builder/app/st-1/x?y=1#z", "bots.example.com/#/login",
        "bots.example.com/kore/builder/", "https://bots.example.com/home", "bots.example.com/koreadmin/x",
    ],
)  # fmt: skip
def test_a_host_that_was_mistyped_or_copied_is_put_right(raw):
    """A misspelt scheme, or a page copied from the browser, draws the address that was meant."""
    assert "write https://bots.example.com" in refusal(read_url, raw)


@pytest.mark.parametrize("raw", ["//", "://", "https//", "https:///"])
def test_where_no_host_is_seen_one_is_given_as_an_example(raw):
    """Nobody is told to write what is none."""
    assert refusal(read_url, raw).endswith(": write https://bots.kore.ai, for example,")


def test_rules_that_are_read_are_not_read_again():
    """They stay what they are."""
    chosen = READERS["rules"]("step-without-assertion = error")
    assert READERS["rules"](chosen) is chosen


@pytest.mark.parametrize("raw", ["http", "https", "https.", "https:8443", "https.//bots.example.com"])
def test_a_scheme_is_no_host(raw):
    """Nobody's host is called like a scheme."""
    assert "base URL" in refusal(read_url, raw)


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_quotes_around_a_value_are_named(quote):
    """Quotes come along from a shell or a file of variables; they belong to no value."""
    for read, text in ((read_url, "bots.kore.ai"), (read_id, "st-1")):
        assert "is in quotes: write it without them" in refusal(read, f"{quote}{text}{quote}")


@pytest.mark.parametrize("raw", HOSTILE_HOSTS)
def test_hostile_hosts_are_refused(raw):
    """What could lead a request elsewhere is no host, and the message is fit for a terminal."""
    assert refusal(read_url, raw).isprintable()


@pytest.mark.parametrize(
    "raw", ["http://bots.kore.ai", "http://192.168.0.1", "http://0.0.0.0:1", "http://localhost.evil.com"]
)
def test_http_is_for_loopback_only(raw):
    """A token never travels in clear beyond this machine."""
    assert "would send tokens in clear: write https://" in refusal(read_url, raw)


@pytest.mark.parametrize(
    "raw",
    [
        "https://user:hunter2@bots.kore.ai",
        "https://user:hunter2@bots kore.ai\\",
        "user:hunter2@bots.kore.ai",
        "https://user:hun#hunter2?@bots.kore.ai",
        "https://user@bots.kore.ai?token=hunter2",
        "https://user:hunter2@{{host}}",
        "https://bots.kore.ai?token=hunter2",
        "https://bots.kore.ai#hunter2",
    ],
)
def test_no_message_repeats_a_password_from_a_url(raw):
    """User parts, queries and fragments may hold secrets, so they are not shown."""
    assert "hunter2" not in refusal(read_url, raw)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), max_size=30))
def test_reading_a_url_twice_changes_nothing_more(text):
    """What is accepted is already in its final form and has a known scheme."""
    try:
        url = read_url(text)
    except ValueError:
        return
    assert (read_url(url), url.startswith(("https://", "http://"))) == (url, True)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("LOCALHOST.", True), ("127.0.0.1", True), ("127.255.255.254", True),
        ("::1", True), ("[::1]", True), ("128.0.0.1", False), ("127.1", False), ("localhost.evil.com", False),
        ("", False), ("0.0.0.0", False), ("::", False),  # noqa: S104 - nobody binds
    ],
)  # fmt: skip
def test_loopback(host, expected):
    """127.0.0.0/8, ::1 and localhost are this machine; nothing else is."""
    assert is_loopback(host) is expected


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, lambda secret: f"{[secret]}"])
def test_a_secret_shows_itself_only_when_asked(show):
    """No usual way to print a secret prints it."""
    secret = Secret("canary")
    assert ("canary" in show(secret), secret.reveal()) == (False, "canary")


def test_a_secret_does_not_travel():
    """A secret is not written into a file or to another process; a copy within one is the same object."""
    secret = Secret("canary")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert copy.deepcopy(secret) is secret


@pytest.mark.parametrize("raw", ["canary", f"{BOM} canary\n", Secret("canary")])
def test_secrets_are_stripped(raw):
    """A secret file's line end is no part of the secret."""
    assert read_secret(raw).reveal() == "canary"


@pytest.mark.parametrize(
    ("raw", "what"),
    [("{YOUR_JWT_ACCESS_TOKEN}", "documentation"), ("$KORE_JWT", "shell variable"), (" ", "empty")],
)
def test_a_refused_secret_is_not_repeated(raw, what):
    """The message on a secret names the trouble, never the text."""
    said = refusal(read_secret, raw)
    assert (what in said, raw.strip() in said and raw != " ") == (True, False)


@pytest.mark.parametrize(
    ("raw", "jobs"),
    [
        ("ds-1", [("job-1", "ds-1")]),
        ("ds-1,ds-2 ds-3", [("job-1", "ds-1"), ("job-2", "ds-2"), ("job-3", "ds-3")]),
        ("ds-1, ds-1", [("job-1", "ds-1")]),
        ("smoke=ds-1 ds-2", [("smoke", "ds-1"), ("job-2", "ds-2")]),
        ("ds-1 smoke=ds-1 ds-2", [("job-1", "ds-1"), ("job-2", "ds-2")]),
        (["the smoke = ds-1", "ds-2"], [("the smoke", "ds-1"), ("job-2", "ds-2")]),
        (["a=ds-1,b=ds-2"], [("a", "ds-1"), ("b", "ds-2")]),
        ([f"{BOM}ds-1\nds-2"], [("job-1", "ds-1"), ("job-2", "ds-2")]),
    ],
)
def test_import_jobs(raw, jobs):
    """Ids come in many forms; equal ones are collapsed, unlabelled ones are numbered."""
    assert read_jobs(raw) == tuple(ImportJob(*job) for job in jobs)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a=ds-1 a=ds-2", "the label 'a' names both ds-1 and ds-2"),
        ("job-2=ds-1 ds-2", "the label 'job-2' names both"),
        ("=ds-1", "'' is not a label"),
        (["A=ds-1 B=ds-2"], "holds more than one job: write one a line, or commas between them"),
        (["ds-1 ds-2"], "holds more than one job"),
        (["A=ds-1 ds-2"], "holds more than one job"),
        (["a::b=ds-1"], "is not a label"),
        (["a[1]=ds-1"], "is not a label"),
        ("a=", "is empty"),
        (["ds-1", ""], "has an empty entry"),
        ([], "is empty"),
        (",", "is empty"),
        ("a=ds-1/../x", "is not a valid id"),
        ("a=:dsId", "path parameter"),
        ("ds-f8xxxxx5", "masked"),
    ],
)
def test_import_jobs_that_are_refused(raw, said):
    """A job that cannot be waited for, or a label that names two, is told."""
    assert said in refusal(read_jobs, raw)


def test_targets():
    """A line is a name, a host, a stream, and perhaps a protection."""
    assert read_targets(["dev bots.kore.ai st-1", "", " prod  https://xo.example.com st-3  protected "]) == (
        Target("dev", "https://bots.kore.ai", "st-1", protected=False),
        Target("prod", "https://xo.example.com", "st-3", protected=True),
    )


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("dev bots.kore.ai", "is not NAME HOST STREAM"),
        ("dev bots.kore.ai st-1 Protected", "is not NAME HOST STREAM"),
        ("dev bots.kore.ai st-1 protected x", "is not NAME HOST STREAM"),
        ("dev bots.kore.ai st-1\ndev bots.kore.ai st-2", "'dev' is a duplicate: remove one"),
        ("dev http://bots.kore.ai st-1", "in clear"),
        ("dev bots.kore.ai st-xxxxx", "masked"),
        ("{{name}} bots.kore.ai st-1", "template placeholder"),
        ("dev https://u:hunter2@bots.kore.ai st-1 st-2", "is not NAME HOST STREAM"),
        ("dev https://u:hunter2@bots.kore.ai st-1", "user or password"),
    ],
)
def test_targets_that_are_refused(raw, said):
    """A target that could be misread is refused, without repeating a password."""
    found = refusal(read_targets, raw)
    assert (said in found, "hunter2" in found) == (True, False)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("flag", True, True), ("flag", False, False), ("flag", 1, True), ("flag", 0, False),
        ("flag", "ON", True),
        ("flag", "Yes", True), ("flag", f"{BOM}off ", False), ("flag", "no", False), ("flag", "TRUE", True),
        ("seconds", 5, 5.0), ("seconds", 2.5, 2.5), ("seconds", " 0.05 ", 0.05), ("seconds", "1e3", 1000.0),
        ("seconds", "10s", 10.0), ("seconds", "5 min", 300.0), ("seconds", "1.5H", 5400.0),
        ("seconds", "500ms", 0.5), ("seconds_or_off", "off", math.inf),
        ("seconds_or_off", "None", math.inf), ("seconds_or_off", False, math.inf),
        ("seconds_or_off", "5m", 300.0), ("report", "off", None), ("report", "off.html", "off.html"),
        ("exit_code", "none", None), ("version", "none", None),
        ("count", 4, 4), ("count", "4", 4), ("count", f"{BOM}007", 7),
        ("exit_code", 3, 3), ("exit_code", "255", 255), ("exit_code", "off", None),
        ("exit_code", False, None),
        ("version", "PUBLISHED", "published"), ("version", "in_development", "inDevelopment"),
        ("version", "off", None), ("version", False, None), ("version", "no", None),
        ("keep", "On_Failure", "on-failure"), ("unconfigured", "SKIP", "skip"),
        ("email", "a.b@example.com", "a.b@example.com"), ("language", "pt-BR", "pt-BR"),
        ("template", "nightly_{name}_{run}", "nightly_{name}_{run}"), ("template", "a b", "a b"),
        ("globs", ["*.a.json *.b.json", "*.c.json"], ("*.a.json", "*.b.json", "*.c.json")),
        ("path", "a b/c.html", "a b/c.html"), ("path", Path("a/b"), str(Path("a/b"))), ("word", "dev", "dev"),
        ("id", 5, "5"),
    ],
)  # fmt: skip
def test_values_of_each_kind(kind, raw, value):
    """Typed values and their texts read the same."""
    found = READERS[kind](raw)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "raw", "said"),
    [
        ("flag", "maybe", "1/0, true/false, yes/no or on/off"), ("flag", 2, "'2'"), ("flag", None, "'None'"),
        ("seconds", "0", "above 0"), ("seconds", "-1", "above 0"), ("seconds", "nan", "above 0"),
        ("seconds", "inf", "above 0"),
        ("seconds", "1e7", "up to a million"), ("seconds", "5 x", "'5 x'"),
        ("seconds", "5d", "10m"), ("seconds", "off", "a wait has an end"), ("seconds", "2,5", "'2,5'"),
        ("seconds_or_off", "0", "write off"), ("seconds_or_off", "0.0", "write off"),
        ("seconds_or_off", "-5", "above 0"), ("seconds_or_off", "", "above 0"),
        ("seconds", True, "'True'"),
        ("count", "0", "whole number"), ("count", "1.5", "whole number"), ("count", "-3", "whole number"),
        ("count", "1234567890123", "whole number"), ("count", "٣", "whole number"), ("count", True, "'True'"),
        ("exit_code", "0", "1 to 255, or off"), ("exit_code", 256, "1 to 255, or off"),
        ("exit_code", True, "1 to 255"), ("exit_code", "2560000000001", "1 to 255"),
        ("version", "live", "published, inDevelopment, off"),
        ("version", True, "published, inDevelopment, off"),
        ("keep", "sometimes", "always, on-failure, never"), ("unconfigured", "pass", "error, skip"),
        ("email", "nobody", "not an e-mail address: write e.g. name@example.com"),
        ("email", "@x", "not an e-mail address: write e.g. name@example.com"),
        ("email", "a b@c", "contains a space"),
        ("language", "{language-code}", "documentation"), ("language", "e", "write e.g. en"),
        ("language", "en\r\nX: 1", "line break"),
        ("template", "{nmae}", "{name} and {run}"), ("template", "..", "is not a valid suite name"),
        ("template", "a\nb", "is not a valid suite name"), ("word", "a b", "contains a space"),
        ("path", "a\x00b", "control character"),
    ],
)  # fmt: skip
def test_values_that_are_refused(kind, raw, said):
    """A refusal says what to write."""
    assert said in refusal(READERS[kind], raw)


@given(st.sampled_from(sorted(READERS)), st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_a_reader_gives_a_value_or_a_sentence(kind, raw):
    """Whatever stands in an ini file, no reader fails in another way than with a printable sentence."""
    try:
        READERS[kind](raw)
    except ValueError as refused:
        said = str(refused)
    else:
        said = "read"
    assert (said.isprintable(), bool(said)) == (True, True)


@given(st.sampled_from(["on-failure", "always"]), st.data())
def test_words_are_read_in_any_casing(word, data):
    """Casing and separators of a word do not matter."""
    letters = [data.draw(st.sampled_from([letter, letter.upper()])) for letter in word]
    written = "".join(letters).replace("-", data.draw(st.sampled_from(["-", "_", "", " "])))
    assert one_of("always", "on-failure")(written) == word
