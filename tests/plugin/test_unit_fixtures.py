"""What fixtures make of what a test gives them, and what workers tell of shards, without a run."""

from types import SimpleNamespace

import pytest
from sample_bots import conversation, make_bot, reply

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin.coverage import Measured, measure_run
from pytest_kore_convtest.plugin.fixtures import _job_of, _version
from pytest_kore_convtest.plugin.items.shards import Division, find_division, tell_division
from pytest_kore_convtest.settings.settings import Settings
from tests.coverage.test_measure import BOOK

TWO = Settings.read(env={}, ds_id=["smoke=ds-1", "ds-2"])


@pytest.mark.parametrize(
    ("given", "label"), [("ds-1", "smoke"), ("other=ds-1", "smoke"), ("ds-3", "job-1"), ("x=ds-3", "x")]
)
def test_a_test_may_name_its_job(given, label):
    """One that is configured keeps its label."""
    job = _job_of(SimpleNamespace(param=given), TWO)
    assert (job.id, job.label) == (given.rpartition("=")[2], label)


@pytest.mark.parametrize(
    ("request_", "settings", "said"),
    [
        (SimpleNamespace(param="ds/1"), TWO, "kore_import_status: its parametrized value is not valid: "),
        (SimpleNamespace(), TWO, "several import jobs are configured (ds-1, ds-2): parametrize"),
    ],
)
def test_a_test_whose_job_is_not_clear_is_told(request_, settings, said):
    """In one sentence."""
    with pytest.raises(ConfigError) as caught:
        _job_of(request_, settings)
    assert said in caught.value.message


def test_a_version_is_read_as_the_setting_is():
    """None is that of the setting."""
    assert (_version(None), _version("In_Development")) == (None, "inDevelopment")
    with pytest.raises(ConfigError, match=r"^kore_run_suite: 'later' is not one of"):
        _version("later")


class Store:
    """What is left for other processes."""

    def __init__(self, *, broken=False):
        self.left, self.broken = {}, broken

    def leave(self, key, entry):
        """Leave it."""
        if self.broken:
            raise ConfigError("the disk is full", name="tmpdir")
        self.left[key] = entry

    def find(self, key):
        """Find it."""
        if self.broken:
            raise ConfigError("the disk is full", name="tmpdir")
        return self.left.get(key, {})


def test_the_controller_learns_how_a_worker_divided():
    """By what it left; a worker that divided nothing leaves nothing."""
    store, division = Store(), Division()._replace(**{Division._fields[0]: 7})
    for one in (None, division):
        tell_division(SimpleNamespace(division=one, store=lambda: store))
        assert len(store.left) == (one is not None)
    controller = SimpleNamespace(division=None, store=lambda: store)
    assert find_division(controller) == division
    store.left.clear()
    assert find_division(controller) == division


def test_a_folder_that_cannot_be_used_divides_nothing():
    """Each item says so itself."""
    run = SimpleNamespace(division=None, store=lambda: Store(broken=True))
    assert find_division(run) == Division()
    run.division = Division()
    tell_division(run)


def test_a_mistake_of_ours_in_measuring_hides_no_verdict(tmp_path):
    """It is a note, a problem where coverage is demanded, and nothing where nobody asked."""
    bot, broken = make_bot(tmp_path, BOOK), [{"suite": "A"}]
    plain, demanded = Settings.read(env={}), Settings(cov_fail_under=50.0)
    said = "coverage was not measured: KeyError in this plugin: 'steps'. Please report this as a bug."
    assert measure_run(broken, bot, plain) == Measured(notes=[said], problem="")
    assert measure_run(broken, bot, demanded) == Measured(notes=[], problem=said)
    assert measure_run([{"suite": "A", "estimated": False}], None, plain) == Measured()


def test_nothing_told_is_a_note(tmp_path):
    """Where a bot is given."""
    told = [conversation([reply()])]
    (note,) = measure_run(told, make_bot(tmp_path, BOOK), Settings.read(env={})).notes
    assert "no result names a node" in note
    assert measure_run([], None, Settings.read(env={})) == Measured()
