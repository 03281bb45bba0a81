"""A secret in the wrong place, and one that comes back, is described or masked and never repeated."""

import base64
import json
from urllib.parse import quote

import pytest
from plugin.test_foreign_text import make_suite

SECRET = "q7Zx2LmN9vRt4KpW8sYb3HdF6gJc1TfE5uQa0iOeXyU"
SLASHED = "q7Zx2LmN9vRt4KpW8sYb3Hd/6gJc1TfE5u+a0iOeXyU="
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNzLTEifQ.c2lnbmF0dXJlLW9mLWl0"
PLACES = [
    ("CLIENT_SECRET_FILE", "{}"),
    ("JWT_FILE", "{}"),
    ("CLIENT_ID", "{}"),
    ("STREAM_ID", "{}"),
    ("DS_ID", "{}"),
    ("DS_ID", "{}=ds-1"),
    ("USER_EMAIL", "{}"),
    ("TARGET", "{}"),
    ("TIMEOUT", "{}"),
    ("RUN", "{}"),
    ("HOST", "{}"),
    ("HOST", "http://{}"),
    ("HOST", "https://user:{}@bots.kore.ai"),
    ("HOST", "https://bots.kore.ai/{}?x=1"),
    ("HOST", "https://bots.kore.ai?token={}"),
    ("HOST", "https://bots.kore.ai#{}"),
    ("CA_BUNDLE", "{}"),
    ("CLIENT_CERT", "{}"),
    ("BOT_LANGUAGE", "{}"),
]


def everything(pytester, result):
    """Return the output and all files that the run left."""
    files = [path for path in pytester.path.rglob("*") if path.is_file() and path.suffix != ".ini"]
    return "\n".join([result.text, *(path.read_bytes().decode("latin-1") for path in files)])


@pytest.mark.parametrize("secret", [SECRET, SLASHED, TOKEN], ids=["plain", "slashed", "token"])
@pytest.mark.parametrize(("name", "form"), PLACES)
def test_a_secret_in_the_wrong_place(run, account, pytester, monkeypatch, name, form, secret):  # noqa: PLR0913, PLR0917
    """Wherever a secret is given by mistake, no output and no report repeats more than its beginning."""
    if name.endswith("_FILE"):
        monkeypatch.delenv("KORE_CLIENT_SECRET")
        if name == "JWT_FILE":
            monkeypatch.delenv("KORE_CLIENT_ID")
    monkeypatch.setenv(f"KORE_{name}", form.format(secret))
    account.script("SUCCESS", job="ds-1")
    args = [] if name == "DS_ID" else ["--kore-ds-id=ds-1"]
    reports = ["--junitxml=out.xml", "--kore-json=out.json", "--kore-markdown=out.md", "--kore-html=out.html"]
    result = run("--kore-gate", *args, *reports, "--kore-timeout=0.5", "-vv", "-rA", "--full-trace")
    written = everything(pytester, result)
    leaked = [secret[at : at + 8] for at in range(len(secret) - 7) if secret[at : at + 8] in written]
    assert leaked == []


@pytest.mark.parametrize(
    "spell",
    [str, lambda text: quote(text, safe=""), lambda text: base64.b64encode(f"a:{text}".encode()).decode()],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_secret_that_comes_back(run, account, pytester, monkeypatch, place, spell):  # noqa: PLR0913, PLR0917
    """A secret that the bot and a suite's text say is masked on the terminal and in every report."""
    secret = account.client_secret
    if place == "file":
        (pytester.path / "given.ini").write_text(secret)
        monkeypatch.delenv("KORE_CLIENT_SECRET")
        monkeypatch.setenv("KORE_CLIENT_SECRET_FILE", "given.ini")
    said = f"it is {spell(secret)}, is it not?"
    account.bot({"ONCONNECT": [f"Hi {said}"], f"say {said}": [f"no, {said}"]})
    content = make_suite(text=f"say {said}", reply=f"yes, {said}", bot_id=account.stream_id)
    (pytester.path / "suite.ini").write_text(json.dumps(content))
    (pytester.path / "a.kore.json").symlink_to("suite.ini")
    reports = ["--junitxml=out.xml", "--kore-json=out.json", "--kore-markdown=out.md", "--kore-html=out.html"]
    result = run("--kore-run=inDevelopment", *reports, "-vv", "-rA")
    (pytester.path / "a.kore.json").unlink()
    written = everything(pytester, result)
    assert "<secret>" in result.text
    leaked = [one for text in (secret, spell(secret)) for one in [text[4:20]] if one in written]
    assert leaked == []
