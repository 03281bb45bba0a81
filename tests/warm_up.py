"""What a fork server loads once, so that no process that it forks off has to: pytest, xdist, us, what we use.

Loaded as pytest loads plugins, with their assertions rewritten: else each run would warn that they are not.
"""

import gc
import os
import pkgutil
import sys
from importlib import import_module

import _pytest.config
from _pytest.assertion import install_importhook

_ADDED = ["", *os.environ.get("PYTHONPATH", "").split(os.pathsep)]

PATH = [folder for folder in sys.path if folder not in _ADDED]
"""Where every interpreter looks for modules."""

PLUGINS = ("pytest_kore_convtest", "xdist")
LATE = ("filelock", "jinja2", "rich.console", "ruamel.yaml", "truststore")
"""What our modules load when they need it."""


def load():
    """Load all that a run may need."""
    config = _pytest.config.get_config()
    for name in ("inicfg", "_inicfg"):  # pytest 8.0 and 9.0 have none before they have read a command line
        vars(config).setdefault(name, {})
    install_importhook(config).mark_rewrite(*PLUGINS)
    for plugin in PLUGINS:
        for found in pkgutil.walk_packages(import_module(plugin).__path__, f"{plugin}."):
            if not found.name.endswith(("__main__", "looponfail")):
                import_module(found.name)
    for name in LATE:
        import_module(name)
    config._ensure_unconfigure()
    gc.collect()
    gc.freeze()  # what is loaded here, no process has to look through again


load()
