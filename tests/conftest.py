"""What all tests need: pytest's own fixture for testing plugins, and examples that may take their time."""

import os
import signal
import sys
from functools import lru_cache

import pytest
from fork_server import choose_socket_folder
from hypothesis import settings

from pytest_kore_convtest import redaction
from pytest_kore_convtest.reports.html import page

pytest_plugins = ["pytester"]

collect_ignore = ["samples"]

# Whoever wants no bytecode kept would have every process compile the same modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

choose_socket_folder()

# How long one example takes says something about the machine only.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

# A shell starts background jobs, and nohup any, with signals that are ignored: so would all that tests begin.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
    (getattr(signal, "SIGHUP", signal.SIGTERM), signal.SIG_DFL),
):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)


# A user's run renders one page; the tests render hundreds, of the same templates.
_make_templates = page.make_environment


@lru_cache
def _templates(*, missing):
    return _make_templates()


page.make_environment = lambda: _templates(missing=sys.modules.get("jinja2", "") is None)


@pytest.fixture(autouse=True)
def _forget_secrets(monkeypatch):
    """What one test calls a secret is an ordinary text in the next."""
    monkeypatch.setattr(redaction, "_known", dict(redaction._known))
    monkeypatch.setattr(redaction, "_forms", redaction._forms)
