"""The floor plan: who may import whom, which library lives in which room, and how big a thing may be."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import pytest_kore_convtest

PACKAGE = "pytest_kore_convtest"
HOME = Path(pytest_kore_convtest.__file__).parent

REPORT = "report"
"""A package of its own, as a whole on one floor."""

FLOORS = (
    ("errors", "values", "options", "pace", "positions", "leaks", "echoes", "strictjson"),
    ("auth", "models", "faults", "refusals", "patience", "bodies", "lanes", "precedence", "readers", "rules"),
    ("settings", "transport", "polling", "runs", "alignment", "differences"),
    ("credentials", "configured", "suitefile", "structure", "exchange", REPORT),
    ("caller", "ledger", "lint", "schema", "drift", "conversation"),
    ("client",),
    ("jobs", "turns", "cleanup"),
    ("crew", "states", "account", "evidence"),
    ("pipeline", "layout", "durations"),
    ("session", "screen", "terminal", "summary", "recording"),
    ("imports", "facts", "progress", "relay", "publish"),
    ("gate", "checks", "verdicts"),
    ("outcomes",),
    ("collect",),
    ("plugin", "__main__"),
)
FLOOR = {module: number for number, modules in enumerate(FLOORS) for module in modules}

EMULATOR = "emulator"
EMULATOR_FLOOR = 8
"""The stand-in may be imported from above this floor only, and imports nothing of ours."""

ROOT = ("__init__", "public")
"""They resolve the public names lazily, so they may name any module; no module asks them for one."""

_PYTEST_ROOMS = {
    "configured",
    "session",
    "imports",
    "facts",
    "terminal",
    "screen",
    "durations",
    "recording",
    "publish",
    "verdicts",
    "gate",
    "outcomes",
    "checks",
    "collect",
    "plugin",
}
_CLOCK_ROOMS = {"polling", EMULATOR}

ROOMS = {
    "pytest": _PYTEST_ROOMS,
    "_pytest": _PYTEST_ROOMS,
    "pluggy": _PYTEST_ROOMS,
    "xdist": _PYTEST_ROOMS,
    "requests": {"transport"},
    "urllib3": {"transport"},
    "truststore": {"transport"},
    "jwt": {"auth"},
    "pydantic": {"models", "runs"},
    "pydantic_core": {"models"},
    "filelock": {"ledger"},
    "werkzeug": {EMULATOR},
    "jinja2": {"report"},
    "rich": {"screen", "report"},
    "typing_extensions": {"*"},
    "os.environ": {"settings", "plugin"},
    "os.getenv": {"settings"},
    "time.sleep": _CLOCK_ROOMS,
    "time.monotonic": _CLOCK_ROOMS,
    "time.monotonic_ns": _CLOCK_ROOMS,
    "threading.Event": _CLOCK_ROOMS,
}
"""Who may use a library, or one name of it; the emulator has a clock of its own, as a foreign country has."""

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
TABLE_FUNCTIONS: frozenset[str] = frozenset()
"""``module.function`` of functions that are one long table."""


class Use(NamedTuple):
    """A dotted name that a module uses, and the line."""

    name: str
    line: int
    imported: bool


def module_of(path: Path) -> str:
    """Return a file's dotted name below the package, ``__init__`` for the package itself."""
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def sources() -> list[Path]:
    """Return every module of the package."""
    return sorted(path for path in HOME.rglob("*.py") if "__pycache__" not in path.parts)


def from_names(node: ast.ImportFrom, path: str) -> list[str]:
    """Return the dotted names of a ``from … import …`` in a module at a dotted path, made absolute."""
    base = node.module or ""
    if node.level:
        above = path.split(".")[: -node.level]
        base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


def imports(tree: ast.AST, path: str) -> Iterator[tuple[str, str, int]]:
    """Yield every import, wherever it stands: the name it binds, the dotted name, the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                yield bound, alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            for alias, name in zip(node.names, from_names(node, path), strict=True):
                yield alias.asname or alias.name, name, node.lineno
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"import_module", "__import__"}:
                name = str(node.args[0].value)
                package = path.rpartition(".")[0]
                yield "", f"{package}{name}" if name.startswith(".") else name, node.lineno


def uses(text: str, path: str) -> list[Use]:
    """Return what a module imports, and every dotted name that starts at such an import."""
    tree = ast.parse(text)
    found = [Use(name, line, imported=True) for _, name, line in imports(tree, path)]
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            plain = [alias for alias in node.names if not alias.asname]
            bound.update({alias.name.partition(".")[0]: alias.name.partition(".")[0] for alias in plain})
            bound.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom):
            names = zip(node.names, from_names(node, path), strict=True)
            bound.update({alias.asname or alias.name: name for alias, name in names})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in bound:
                found.append(Use(f"{bound[first]}.{rest}", node.lineno, imported=False))
    return found


def problems(module: str, text: str, modules: frozenset[str] = frozenset()) -> list[str]:
    """Return one sentence for each thing in a module's source that breaks the floor plan.

    Args:
        module: Its dotted name below the package, e.g. ``emulator.app``.
        text: Its source.
        modules: Modules that exist; one without a row is told at its own name, not at each import of it.
    """
    room = module.partition(".")[0]
    if room not in {*FLOOR, EMULATOR, *ROOT}:
        return [f"{module} is in no row of FLOORS in {Path(__file__).name}: give it a floor"]
    known = {*FLOOR, EMULATOR, *modules}
    is_package = module in (EMULATOR, REPORT, "__init__")
    path = PACKAGE if module == "__init__" else f"{PACKAGE}.{module}"
    found = uses(text, f"{path}.__init__" if is_package else path)
    inside = [use for use in found if use.imported and use.name.partition(".")[0] == PACKAGE]
    outside = [use for use in found if use.name.partition(".")[0] != PACKAGE]
    said = [wrong_floor(room, use, known) for use in inside] + [wrong_room(room, use) for use in outside]
    first: dict[str, int] = {}
    for line, sentence in sorted(filter(None, said)):
        first.setdefault(sentence, line)
    return [f"{module}:{line}: {sentence}" for sentence, line in first.items()]


def wrong_floor(room: str, use: Use, known: set[str]) -> tuple[int, str] | None:
    """Say what is wrong with an import from our own package, if anything is."""
    target = [*use.name.split("."), ""][1]
    if room in (*ROOT, EMULATOR):
        free = room in ROOT or target == EMULATOR
        return None if free else (use.line, f"the emulator imports nothing of ours, not {use.name}")
    if target not in known:
        return use.line, f"{use.name} is no module in the table: import a name from the module that has it"
    if target == EMULATOR:
        low = FLOOR[room] <= EMULATOR_FLOOR
        return (use.line, f"the emulator is for floors above {EMULATOR_FLOOR}") if low else None
    if target == room:
        return None if room == REPORT else (use.line, f"{room} imports itself")
    if target not in FLOOR or FLOOR[target] < FLOOR[room]:
        return None
    return use.line, f"floor {FLOOR[room]} imports {target} of floor {FLOOR[target]}: only downwards"


def wrong_room(room: str, use: Use) -> tuple[int, str] | None:
    """Say what is wrong with the use of a library, if anything is."""
    library = use.name.partition(".")[0]
    for name, rooms in ROOMS.items():
        if f"{use.name}.".startswith(f"{name}.") and not {room, "*"} & rooms:
            return use.line, f"{name} lives in {', '.join(sorted(rooms))}, not in {room}"
    if library in ROOMS or library in sys.stdlib_module_names or not use.imported:
        return None
    return use.line, f"{library} has no room in ROOMS: give it one"


def code_lines(node: ast.AST, first: int, last: int) -> int:
    """Return how many lines lie between two, docstrings excluded."""
    covered = 0
    for part in ast.walk(node):
        documented = isinstance(part, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(part, clean=False) is not None:
            covered += part.body[0].end_lineno - part.body[0].lineno + 1
    return last - first + 1 - covered


def sizes(module: str, text: str) -> list[str]:
    """Return one sentence for each thing that is too long."""
    tree = ast.parse(text)
    lines = code_lines(tree, 1, len(text.splitlines()))
    said = [f"{module}: {lines} lines, at most {LONGEST_MODULE}"] if lines > LONGEST_MODULE else []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = code_lines(node, node.lineno, node.end_lineno or node.lineno)
            if length > LONGEST_FUNCTION and f"{module}.{node.name}" not in TABLE_FUNCTIONS:
                said.append(f"{module}.{node.name}: {length} lines, at most {LONGEST_FUNCTION}")
    return said


def undocumented(module: str, text: str) -> list[str]:
    """Return the public functions, classes and methods without a docstring."""

    def look(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
        for part in node.body:
            if not isinstance(part, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if part.name.startswith("_"):
                continue
            if ast.get_docstring(part) is None:
                yield f"{prefix}.{part.name}"
            if isinstance(part, ast.ClassDef):
                yield from look(part, f"{prefix}.{part.name}")

    return list(look(ast.parse(text), module))


@pytest.fixture(params=sources(), ids=module_of)
def source(request):
    """One module of the package: its dotted name and its text."""
    return module_of(request.param), request.param.read_text(encoding="utf-8")


def test_every_import_goes_down_and_every_library_stays_in_its_room(source):
    """No module of the package breaks the floor plan."""
    assert problems(*source, modules=frozenset(map(module_of, sources()))) == []


def test_no_module_and_no_function_is_too_long(source):
    """Every module and every function can be read in one go."""
    assert sizes(*source) == []


def test_every_public_name_says_what_it_does(source):
    """Every public function, class and method has a docstring."""
    assert undocumented(*source) == []


def test_the_package_is_flat():
    """Only the emulator and the report are packages of their own."""
    folders = {path.relative_to(HOME).parts[0] for path in sources() if path.parent != HOME}
    assert folders <= {EMULATOR, REPORT}


UPWARDS = [
    ("errors", "from pytest_kore_convtest.client import KoreClient", "errors:1: floor 0 imports client of"),
    ("errors", "from pytest_kore_convtest import values", "errors:1: floor 0 imports values of floor 0"),
    ("polling", "import pytest_kore_convtest.pipeline", "polling:1: floor 2 imports pipeline of floor 8"),
    ("polling", "from . import gate", "polling:1: floor 2 imports gate of floor 11"),
    ("polling", "from .session import x", "polling:1: floor 2 imports session of floor 9"),
    ("client", "def f():\n    from pytest_kore_convtest import plugin", "client:2: floor 5 imports plugin"),
    (
        "structure",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pytest_kore_convtest.ledger import L",
        "structure:3: floor 3 imports ledger of floor 4",
    ),
    (
        "auth",
        "from importlib import import_module\nimport_module('pytest_kore_convtest.session')",
        "auth:2: floor 1 imports session of floor 9",
    ),
    (
        "auth",
        "import importlib\nimportlib.import_module('.gate', __package__)",
        "auth:2: floor 1 imports gate of floor 11",
    ),
    ("auth", "from pytest_kore_convtest import KoreClient", "pytest_kore_convtest.KoreClient is no module"),
    ("auth", "import pytest_kore_convtest", "pytest_kore_convtest is no module in the table"),
    ("auth", "from pytest_kore_convtest.auth import sign", "auth imports itself"),
    ("pipeline", "from pytest_kore_convtest.emulator import Emulator", "the emulator is for floors above 8"),
    ("emulator.app", "from pytest_kore_convtest.errors import KoreError", "imports nothing of ours"),
    ("emulator.app", "from ..models import Suite", "imports nothing of ours"),
    ("emulator", "from ..models import Suite", "imports nothing of ours"),
    ("helpers", "", "helpers is in no row of FLOORS in test_floor_plan.py: give it a floor"),
]


@pytest.mark.parametrize(("module", "text", "said"), UPWARDS)
def test_a_wrong_import_is_caught(module, text, said):
    """An import sideways, upwards, inside a function, for types only or by name is one sentence."""
    (problem,) = problems(module, text)
    assert said in problem


STRAYS = [
    ("pipeline", "import pytest", "pipeline:1: pytest lives in"),
    ("pipeline", "from _pytest.reports import TestReport", "_pytest lives in"),
    ("client", "import requests", "requests lives in transport, not in client"),
    ("client", "def f():\n    import urllib3.util as u", "client:2: urllib3 lives in transport"),
    ("client", "import jwt", "jwt lives in auth"),
    ("settings", "from pydantic import BaseModel", "pydantic lives in models"),
    ("client", "import os\nos.environ['KORE_HOST']", "client:2: os.environ lives in plugin, settings"),
    ("client", "from os import environ as e", "os.environ lives in plugin, settings"),
    ("client", "import os\nos.getenv('KORE_HOST')", "client:2: os.getenv lives in"),
    ("client", "import time as t\nt.sleep(1)", "client:2: time.sleep lives in emulator, polling"),
    ("client", "from time import monotonic", "time.monotonic lives in"),
    ("client", "import time\ndef f(now=time.monotonic): ...", "client:2: time.monotonic lives in"),
    ("ledger", "import threading\nthreading.Event()", "ledger:2: threading.Event lives in"),
    ("client", "import werkzeug", "werkzeug lives in emulator"),
    ("client", "import filelock", "filelock lives in ledger"),
    ("client", "import jinja2", "jinja2 lives in report"),
    ("client", "__import__('requests')", "requests lives in transport"),
    ("client", "import httpx", "httpx has no room in ROOMS: give it one"),
    ("emulator.app", "import requests", "requests lives in transport, not in emulator"),
]


@pytest.mark.parametrize(("module", "text", "said"), STRAYS)
def test_a_library_outside_its_room_is_caught(module, text, said):
    """A library, or one name of it, in a foreign room is one sentence."""
    (problem,) = problems(module, text)
    assert said in problem


RIGHT = [
    ("client", "import os, time, threading\nfrom pytest_kore_convtest.polling import persist\ntime.time()"),
    ("client", "import threading\nthreading.Thread()\nthreading.Lock()"),
    ("transport", "import requests\nfrom urllib3.connection import HTTPConnection"),
    ("settings", "import os\nos.environ"),
    ("polling", "import time, threading\ntime.sleep(1)\nthreading.Event()"),
    ("session", "import pytest\ndef f():\n    from pytest_kore_convtest.emulator import Emulator"),
    ("emulator.app", "from .state import Platform\nfrom . import suites"),
    ("emulator", "from .local import Emulator"),
    ("__init__", "from pytest_kore_convtest.plugin import x\nfrom .gate import y"),
    ("plugin", "from pytest_kore_convtest import options\nfrom pytest_kore_convtest.outcomes import begin"),
]


@pytest.mark.parametrize(("module", "text"), RIGHT)
def test_a_right_import_is_let_pass(module, text):
    """What the plan allows draws no sentence."""
    assert problems(module, text) == []


def test_a_long_module_and_a_long_function_are_caught():
    """One line too many is told with the number; a docstring does not count."""
    body = "    x = 1\n" * LONGEST_FUNCTION
    documented = '    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * (LONGEST_FUNCTION - 1)
    assert sizes("m", f"def f():\n{body}") == ["m.f: 41 lines, at most 40"]
    assert sizes("m", f"def f():\n{documented}") == []
    assert sizes("m", "x = 1\n" * (LONGEST_MODULE + 1)) == ["m: 301 lines, at most 300"]
    assert sizes("m", "x = 1\n" * LONGEST_MODULE) == []


def test_a_module_without_a_row_is_told_once():
    """An import of a module that has no floor yet is not a second failure."""
    text = "from pytest_kore_convtest.news import x"
    assert problems("client", text, modules=frozenset({"news"})) == []
    assert problems("client", text) != []


def test_a_library_is_told_once():
    """Ten uses of a stray library are one sentence, with the first line."""
    (problem,) = problems("client", "import jwt\n" + "jwt.encode()\n" * 10)
    assert problem.startswith("client:1: jwt")


def test_a_missing_docstring_is_caught():
    """Only public names have to say what they do."""
    text = "class A:\n    def b(self): ...\n    def _c(self): ...\n    def __d__(self): ...\ndef _e(): ...\n"
    assert undocumented("m", text) == ["m.A", "m.A.b"]
