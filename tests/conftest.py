"""What all tests need: pytest's own fixture for testing plugins, and examples that may take their time."""

import signal

from hypothesis import settings

pytest_plugins = ["pytester"]

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
