"""The benches start: what they measure is the package's own, whose inside changes."""

import importlib
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Load a bench, whose results go elsewhere; no module of it stays behind."""
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    figures = importlib.import_module("figures")
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCH)):
            del sys.modules[name]


@pytest.mark.skipif(sys.platform == "win32", reason="the benches are for Linux")
@pytest.mark.parametrize("name", ["emulation", "poll", "wire"])
def test_a_bench_measures(load, monkeypatch, name, tmp_path):
    """With little to measure; how fast it is does not matter here."""
    bench = load(name)
    for what, few in (("ROUNDS", 2), ("POLLS", 4)):
        if hasattr(bench, what):
            monkeypatch.setattr(bench, what, few)
    assert all(verdict.figure is not None for verdict in bench.main())
    assert list(tmp_path.iterdir())
