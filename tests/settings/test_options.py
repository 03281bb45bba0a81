"""One table yields options, ini keys and environment names."""

import subprocess
import sys
from argparse import ArgumentParser, Namespace

import pytest

from pytest_kore_convtest import plugin
from pytest_kore_convtest.settings.options import ROWS, SECRETS, TABLE, UNSET
from pytest_kore_convtest.settings.resolve import spelling
from pytest_kore_convtest.settings.types import READERS

EVERYDAY = [
    "--kore-host", "--kore-stream-id", "--kore-target", "--kore-ds-id", "--kore-client-id",
    "--kore-client-secret", "--kore-client-secret-file", "--kore-jwt", "--kore-jwt-file", "--kore-user-email",
    "--kore-run", "--kore-retry-failed", "--kore-fail-on", "--kore-repeat", "--kore-min-pass-rate",
    "--kore-require-assertions", "--kore-import-name", "--kore-keep", "--kore-unconfigured",
    "--kore-timeout", "--kore-html", "--kore-json", "--kore-markdown", "--kore-shard", "--kore-update",
    "--kore-emulator", "--kore-emulator-speed", "--kore-bot",
    "--kore-bot-definition", "--kore-cov-fail-under", "--kore-baseline",
    "--kore-history", "--kore-gate", "--kore-doctor",
]  # fmt: skip
TUNING = [
    "kore_bot_language", "kore_poll_interval", "kore_max_poll_interval", "kore_request_timeout",
    "kore_outage_budget", "kore_stall_timeout", "kore_max_parallel", "kore_rate_limit", "kore_rate_share",
    "kore_ca_bundle",
    "kore_client_cert", "kore_no_verdict_exit", "kore_suite_files", "kore_rules", "kore_targets",
]  # fmt: skip
CANARY = "canary-hunter2"


class Parser:
    """What the entry point needs of pytest's parser: it remembers ini keys and parses options."""

    def __init__(self):
        self.inis = {}
        self._parser = ArgumentParser(allow_abbrev=False, exit_on_error=False)
        self.addoption = self._parser.add_argument

    def getgroup(self, _name, _description):
        """Return what takes options."""
        return self

    def addini(self, name, _meaning, *, type, default):  # noqa: A002 - pytest's name
        """Remember an ini key."""
        self.inis[name] = (type, default)

    def parse(self, *args):
        """Return the options that were given."""
        return {
            name: value for name, value in vars(self._parser.parse_args(args)).items() if value is not None
        }


@pytest.fixture(name="parser")
def _parser():
    parser = Parser()
    plugin.pytest_addoption(parser)
    return parser


def test_the_options_are_those_of_the_contract():
    """Everyday settings have an option, tuning has none."""
    found = [row.option for row in TABLE if row.has_option]
    assert (found, [row.ini_key for row in TABLE if not row.has_option]) == (EVERYDAY, TUNING)


def test_names_without_an_ini_key_or_environment():
    """Update, emulator, gate and the like have no ini key; some of them no environment name either."""
    without = ([row.name for row in TABLE if not row.ini], [row.name for row in TABLE if not row.env])
    assert without == (
        ["update", "emulator", "emulator_speed", "gate", "doctor"],
        ["update", "gate", "doctor", "suite_files", "targets"],
    )


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TABLE])
def test_every_row_is_complete(row):
    """A row has a reader, a meaning that argparse can print, and names made from one name."""
    names = (row.option.replace("-", "_"), row.ini_key, row.env_name.lower())
    assert (row.kind in READERS, bool(row.meaning), "%" in row.meaning, names) == (
        True, True, False, (f"__kore_{row.name}", f"kore_{row.name}", f"kore_{row.name}"),
    )  # fmt: skip


def test_secrets_are_the_rows_of_that_kind():
    """Every row that is read as a secret is treated as one."""
    secrets = tuple(row.name for row in TABLE if row.kind == "secret")
    assert secrets == SECRETS


def test_nothing_given_is_nothing(parser):
    """Without an option there is no value, not even a default, so that lower sources count."""
    assert parser.parse() == {}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--kore-host", "h"], {"kore_host": "h"}),
        (["--kore-host", ""], {"kore_host": ""}),
        (["--kore-ds-id", "ds-1", "--kore-ds-id", "a=ds-2"], {"kore_ds_id": ["ds-1", "a=ds-2"]}),
        (["--kore-emulator"], {"kore_emulator": True}),
        (["--no-kore-emulator"], {"kore_emulator": False}),
        (["--no-kore-require-assertions"], {"kore_require_assertions": False}),
        (["--kore-timeout", "soon"], {"kore_timeout": "soon"}),
        (["--kore-jwt", CANARY], {"kore_jwt": CANARY}),
    ],
)
def test_options_keep_raw_text(parser, args, expected):
    """The parser judges no value, so it has no chance to repeat one."""
    assert parser.parse(*args) == expected


def test_every_ini_key_tells_unset_from_empty(parser):
    """An ini key that stands in no file gives a value of its own."""
    assert {name for name, (_, default) in parser.inis.items() if default is UNSET} == {
        row.ini_key for row in TABLE if row.ini
    }


@pytest.mark.parametrize(
    ("name", "newest", "older"),
    [
        ("ds_id", "linelist", "linelist"),
        ("suite_files", "linelist", "linelist"),
        ("targets", "linelist", "linelist"),
        ("timeout", str | int | float, None),
        ("max_parallel", str | int, None),
        ("run", str | bool, None),
        ("host", None, None),
        ("jwt", None, None),
    ],
)
def test_ini_types(parser, name, newest, older):
    """Typed files of the newest pytest may hold numbers and booleans; older ones know texts and lines."""
    expected = newest if pytest.version_tuple >= (9, 2) else older
    assert parser.inis[f"kore_{name}"] == (expected, UNSET)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("host", "command line", "--kore-host (from command line)"),
        ("host", "addopts", "--kore-host (from addopts)"),
        ("host", "environment", "KORE_HOST (from environment)"),
        ("host", "ini", "kore_host (from ini)"),
        ("emulator", "command line", "--kore-emulator (from command line)"),
        ("poll_interval", "command line", "-o kore_poll_interval (from command line)"),
    ],
)
def test_a_setting_is_spelled_as_it_was_given(name, source, expected):
    """A message names a setting by the name that its reader typed."""
    assert spelling(ROWS[name], source) == expected


class Config:
    """What the table needs of pytest's config; ``typed`` keys are of a wrong type."""

    def __init__(self, *, options=None, ini=None, typed=None, overrides=None):
        chosen = options or {}
        self.option = Namespace(
            override_ini=overrides,
            **{row.ini_key: chosen.get(row.ini_key) for row in TABLE if row.has_option},
        )
        self._ini, self.inicfg = ini or {}, typed or {}

    def getini(self, key):
        """Return an ini value as pytest does."""
        if key in self.inicfg:
            raise TypeError(key)
        return self._ini.get(key, UNSET)


@pytest.fixture(name="bare")
def _bare(monkeypatch):
    for name in ("KORE_HOST", *(row.env_name for row in TABLE)):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(), False),
        (Config(options={"kore_gate": True}), True),
        (Config(options={"kore_emulator": False}), True),
        (Config(options={"kore_host": ""}), True),
        (Config(overrides=["kore_timeout=5"]), True),
        (Config(overrides=["log_cli=true"]), False),
        (Config(ini={"kore_targets": []}), False),
    ],
)
def test_given_for_this_run(bare, config, expected):
    """The plugin wakes up for any option of ours, an empty one too; the ini file alone does not wake it."""
    assert plugin.given_for_this_run(config) is expected


def test_anything_in_the_environment(bare):
    """A variable of ours wakes the plugin up."""
    bare.setenv("KORE_STREAM_ID", "st-1")
    assert plugin.given_for_this_run(Config()) is True


def test_the_table_loads_nothing():
    """Every pytest run loads the table, so it loads no other module of ours and nothing heavy."""
    code = (
        "import sys; before = set(sys.modules); import pytest_kore_convtest.settings.options;"
        "new = set(sys.modules) - before; heavy = {'dataclasses', 'json', 'pytest', 'inspect'};"
        "print(sorted(name for name in new if name.startswith('pytest_kore_convtest.')), sorted(heavy & new))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == f"{[*map('pytest_kore_convtest.settings{}'.format, ('', '.options'))]} []"
