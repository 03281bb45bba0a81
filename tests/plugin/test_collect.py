"""Suite files as pytest items: their names, what selects them, and what their neighbours do to them."""

import json
import re

import pytest

from pytest_kore_convtest.suites.find_files import find_suite_files

WORDS = "PASSED|FAILED|ERROR|SKIPPED|XFAIL|RERUN"
STEPS = ("step 01 Start_Flow", "step 02 quote", "step 03 Rome")
ITEMS = ("lint", "import", "structure", "run", *STEPS)


def step(said, *replies, **more):
    """Return a step of a suite file."""
    return {"input": said, **more, "outputs": [{"contains": reply} for reply in replies or ("ok",)]}


def case(name, *steps, **more):
    """Return a suite; without steps one of three steps."""
    usual = (
        step("Start_Flow", "Welcome.", event="Start_Flow"),
        step("quote", "Which city?"),
        step("Rome", "100 EUR"),
    )
    return {"name": name, "messages": list(steps or usual), **more}


def document(*cases, **more):
    """Return the text of a suite file."""
    suites = [case(one) if isinstance(one, str) else one for one in cases]
    return json.dumps({**more, "testCases": suites}, ensure_ascii=False, indent=1)


@pytest.fixture
def put(pytester):
    """Write a suite file; return its name."""
    pytester.makeini("[pytest]")

    def write(name, *cases, **more):
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document(*cases, **more), encoding="utf-8")
        return name

    return write


@pytest.fixture
def names(run):
    """Return the node ids that pytest collects."""

    def collect(*args):
        result = run("--collect-only", "-q", *args)
        return [line for line in result.lines if "::" in line]

    return collect


def told(result):
    """Return what became of each item of a run with ``-v``, by its id after the file's name."""
    found = {}
    for line in result.lines:
        if match := re.fullmatch(rf"\[gw\d+\] \[ *\d+%\] ({WORDS}) \S+\.json::(.+?) *", line):
            found[match[2]] = match[1]
        elif match := re.match(rf"\S+\.json::(.+?) ({WORDS})(?: .*)?$", line):
            found[match[1]] = match[2]
    return found


def done(account):
    """Return what was changed on the platform, in the order of the journal."""
    ends = {"uploadfile": "upload", "testsuite": "delete"}
    last = [one.path.rpartition("/")[2] for one in account.requests if one.method != "GET"]
    return [ends.get(word, word) for word in last]


def of_suite(name, *items):
    """Return the ids of a suite's items, as ``told`` has them."""
    return [f"{name}::{item}" for item in items or ITEMS]


# Names and selection


def test_the_items_of_a_suite(put, names):
    """With --kore-run there are lint, import, structure, run and every step; without it the first three."""
    put("conversations/booking.kore.json", "BOOKING")
    everything = [f"conversations/booking.kore.json::BOOKING::{item}" for item in ITEMS]
    assert names("conversations", "--kore-run=published") == everything
    assert names("conversations") == everything[:3]


def test_a_green_run(put, run, plugin_args, account):
    """All items of a good suite pass; there was one upload, one import, one run, and one deletion."""
    put("a.kore.json", "BOOKING")
    result = run("-v", "--kore-run=inDevelopment", *plugin_args)
    assert result.code == 0, result.text
    assert told(result) == dict.fromkeys(of_suite("BOOKING"), "PASSED")
    assert done(account) == ["upload", "import", "run", "delete"]
    assert result.closing == ["kore: 1 suite imported and valid; 3 of 3 steps executed, all passed"]


def test_without_kore_run_the_last_line_says_so(put, run, account):
    """Nobody takes an import for an executed conversation."""
    put("a.kore.json", "A")
    put("b.kore.json", "B")
    result = run()
    assert result.code == 0
    closing = "kore: 2 suites imported and valid; 0 of 6 steps executed (add --kore-run inDevelopment)"
    assert result.closing == [closing]
    assert "run" not in done(account)


def test_whoever_has_asked_for_runs_is_not_told_to(put, run, account, pytester):
    """A test run that stops before any run has ended does not advise the option that was given."""
    put("a.kore.json", "A")
    pytester.makeconftest("""
        import threading, pytest
        from pytest_kore_convtest import KoreClient

        class Silent(KoreClient):
            def run_status(self, name, run_id, **_):
                threading.Event().wait()

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Silent(kore_settings) as client:
                yield client

        def pytest_runtest_setup(item):
            if item.name == "structure":
                raise KeyboardInterrupt
        """)
    result = run("--kore-run=inDevelopment", apart=True)
    assert result.code == 2
    assert "1 suite imported and valid" in result.text
    assert "add --kore-run" not in result.text


@pytest.mark.parametrize(
    ("select", "selected"),
    [
        (("-k", "BOOKING and step"), of_suite("BOOKING", *STEPS)),
        (("-k", "BOOKING and structure"), of_suite("BOOKING", "structure")),
        (("-k", "quote"), [*of_suite("BOOKING", STEPS[1]), *of_suite("OTHER", STEPS[1])]),
        (("-m", "not kore_live"), [*of_suite("BOOKING", "lint"), *of_suite("OTHER", "lint")]),
        (("-k", "smoke and import"), of_suite("OTHER", "import")),
    ],
)
def test_selecting(put, names, select, selected):
    """-k and -m know suites, steps, tags and what needs an account."""
    put("a.kore.json", "BOOKING", case("OTHER", tags=["smoke"]))
    assert names("--kore-run=published", *select) == [f"a.kore.json::{name}" for name in selected]


@pytest.mark.parametrize("name", ["step 02 quote", "import"])
def test_a_node_id_selects_its_item(put, run, account, name):
    """An item's id, pasted into a command line, runs that item."""
    put("a.kore.json", "BOOKING")
    result = run("-v", f"a.kore.json::BOOKING::{name}", "--kore-run=published")
    assert told(result) == {f"BOOKING::{name}": "PASSED"}


def test_only_what_failed_last_time(put, run, plugin_args, account):
    """--lf runs the failed step again, with an upload of its own; the run was fine as a whole."""
    put("a.kore.json", "BOOKING")
    account.bot({"quote": ["Which planet?"]})
    args = ("-v", "--kore-run=published", *plugin_args)
    assert run(*args).code == 1
    account.bot({})
    result = run("--lf", *args)
    assert result.code == 0, result.text
    assert told(result) == dict.fromkeys(of_suite("BOOKING", STEPS[1]), "PASSED")
    assert done(account)[3:] == ["upload", "import", "run", "delete"]


def test_lint_needs_no_account(put, run, account, monkeypatch):
    """-m "not kore_live" passes without host, stream, secret and network."""
    put("a.kore.json", "BOOKING")
    for name in ("HOST", "STREAM_ID", "CLIENT_ID", "CLIENT_SECRET", "USER_EMAIL"):
        monkeypatch.delenv(f"KORE_{name}")
    result = run("-v", "-m", "not kore_live")
    assert result.code == 0
    assert told(result) == {"BOOKING::lint": "PASSED"}
    assert account.requests == []


def test_a_json_file_is_collected_when_it_is_named(put, names, pytester):
    """Another JSON file is left alone in a folder, and collected when the command line names it."""
    put("Booking.json", "BOOKING")
    put("a.kore.json", "A")
    (pytester.path / "package.json").write_text("{}")
    assert names() == [f"a.kore.json::A::{item}" for item in ITEMS[:3]]
    assert names("Booking.json") == [f"Booking.json::BOOKING::{item}" for item in ITEMS[:3]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"name": "left-pad"}', "has no suite"),
        ("[]", "is a list, not a suite"),
        ('{"testCases": []}', "has no suite"),
        ('{"testCases": [{]}', "is not valid JSON"),
        ("", "is not valid JSON"),
        ("\xff", "is not UTF-8 text"),
    ],
)
def test_a_named_file_that_is_no_suite(put, run, account, pytester, content, said):  # noqa: PLR0913, PLR0917
    """It is one item FILE::lint, which fails with one sentence; other files are collected all the same."""
    put("good.kore.json", "GOOD")
    (pytester.path / "package.json").write_bytes(content.encode("latin-1"))
    result = run("-v", "package.json", "good.kore.json")
    assert result.code == 1
    assert told(result) == {"lint": "FAILED"} | dict.fromkeys(of_suite("GOOD", *ITEMS[:3]), "PASSED")
    sentences = [line for line in result.lines if said in line and not line.startswith("FAILED")]
    assert len(sentences) == 1, result.text
    assert "package.json" in sentences[0]


def test_a_file_that_cannot_be_used_does_not_stop_the_others(put, run, account, pytester):
    """A broken suite file in a folder is one failed item with the place of the mistake."""
    put("b.kore.json", "B")
    (pytester.path / "a.kore.json").write_text('{\n  "testCases": [,]\n}')
    result = run("-v")
    assert result.code == 1
    assert told(result)["lint"] == "FAILED"
    assert told(result)["B::structure"] == "PASSED"
    assert "a.kore.json:2:" in result.text


def test_a_folder_is_collected_as_it_is_linted(put, names, pytester):
    """What pytest finds in a folder is what the command finds there: both leave out folders of tools."""
    for folder in ("", "a/", ".b/", "node_modules/c/", "build/", "dist/", "venv/", "d.egg/", "CVS/"):
        put(f"{folder}x.json", "A")
    seen = {name.partition("::")[0] for name in names("-o", "kore_suite_files=*.json")}
    found = {
        path.relative_to(pytester.path).as_posix() for path in find_suite_files(pytester.path, ["*.json"])
    }
    assert seen == found == {"x.json", "a/x.json"}


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        ("*.suite.json", ["suites/c.suite.json"]),
        ("suites/b.json *.suite.json", ["suites/b.json", "suites/c.suite.json"]),
        ("\n  a.*.json\n  suites/?.json", ["a.kore.json", "suites/b.json"]),
    ],
)
def test_globs_of_suite_files(put, names, pytester, globs, found):
    """kore_suite_files says which files are collected without being named."""
    for name in ("a.kore.json", "suites/b.json", "suites/c.suite.json"):
        put(name, "A")
    pytester.makeini(f"[pytest]\nkore_suite_files = {globs}")
    assert [one.partition("::")[0] for one in names("-k", "lint")] == found


def test_several_suites_in_a_file(put, run, plugin_args, account):
    """Each suite is uploaded alone, in the file's format, and imported under its name; the summary says so."""  # noqa: E501
    put("a.kore.json", "A", case("B", step("x", "y")), botName="travel")
    result = run("-v", "-W", "error", *plugin_args)
    assert result.code == 0, result.text
    assert set(told(result)) == {*of_suite("A", *ITEMS[:3]), *of_suite("B", *ITEMS[:3])}
    sent = [json.loads(upload.data) for upload in account.uploads]
    assert sorted([case["name"] for case in one["testCases"]] for one in sent) == [["A"], ["B"]]
    assert {one["botName"] for one in sent} == {"travel"}
    assert result.text.count("a.kore.json holds several suites: each is uploaded alone") == 1


def test_one_suite_is_uploaded_byte_for_byte(put, run, account, pytester):
    """A file with one suite reaches the platform as it is, blanks and byte order mark included."""
    data = b"\xef\xbb\xbf" + document("A").encode() + b"\n\n"
    (pytester.path / "a.kore.json").write_bytes(data)
    assert run().code == 0
    (upload,) = account.uploads
    assert upload.data == data
    assert upload.filename == "a.kore.json"


def test_equal_names_in_one_file(put, run, account):
    """Lint fails for both; each is imported under a name of its own, run and judged by its own steps."""
    put("a.kore.json", case("A", step("one", "1")), case("A", step("two", "2")))
    account.bot({"two": ["3"]})
    result = run("-v", "--kore-run=published")
    assert result.code == 1
    assert told(result) == {
        "A::lint": "FAILED",
        "A::import": "PASSED",
        "A::structure": "PASSED",
        "A::run": "PASSED",
        "A::step 01 one": "PASSED",
        "A (2)::lint": "FAILED",
        "A (2)::import": "PASSED",
        "A (2)::structure": "PASSED",
        "A (2)::run": "PASSED",
        "A (2)::step 01 two": "FAILED",
    }
    assert len(stored_names(account)) == 2


def test_equal_names_in_two_files(put, run, plugin_args, account):
    """The later file's suite is stored under a name of its own; nobody runs the other one in its place."""
    put("a.kore.json", case("A", step("one", "1")))
    put("b.kore.json", case("A", step("two", "2")))
    result = run("-v", "--kore-run=published", *plugin_args)
    assert result.counts == {"passed": 9, "failed": 1}, result.text
    assert len(stored_names(account)) == 2
    assert sorted(done(account)) == ["delete", *["import"] * 2, *["run"] * 2, *["upload"] * 2]


def stored_names(account):
    """Return the names under which suites were imported, each once."""
    return {one.json["name"] for one in account.requests if one.json and "fileName" in one.json}


def test_a_template_that_gives_two_suites_one_name(put, run, account):
    """A --kore-import-name without {name} is refused when there are several suites; nothing is uploaded."""
    put("a.kore.json", "A")
    put("b.kore.json", "B")
    result = run("--kore-import-name=ci_{run}")
    assert result.code == 4
    assert "gives several suites the same name: add {name} to it" in result.text
    assert account.requests == []
    assert run("--kore-import-name=ci_{run}", "a.kore.json").code == 0


def test_files_of_several_bots(put, run, account):
    """Selected files of different bots are a usage error that lists them; one other bot is a hint."""
    put("a.kore.json", "A", botId="st-1")
    put("b.kore.json", "B", botId="st-2")
    put("c.kore.json", "C")
    result = run()
    assert result.code == 4
    assert re.search(r"st-1: \S+a\.kore\.json\n.*st-2: \S+b\.kore\.json", result.text)
    assert "c.kore.json" not in result.text
    assert account.requests == []
    result = run("a.kore.json", "c.kore.json")
    assert result.code == 0
    assert "botId" in result.text
    assert run("-m", "not kore_live").code == 0


def test_files_of_several_bots_under_xdist(put, run, account):
    """A worker refuses them, too, before anything is uploaded."""
    put("a.kore.json", "A", botId="st-1")
    put("b.kore.json", "B", botId="st-2")
    result = run("-p", "xdist", "-n", "2")
    assert result.counts == {"passed": 2, "errors": 2, "skipped": 2} or result.counts["errors"] == 4
    assert result.code == 1
    assert "2 bots" in result.text
    assert account.requests == []


ODD = {
    "a::b[c]": "a b(c)",
    "Бронь 👋 שלום": "Бронь 👋 שלום",
    "\u202eevil\nname": "evil name",
    "me@example.com": "me@example.com",
    "a/b": "a/b",
    "\u202e": "suite",
    "N" * 300: "N" * 100,
}


@pytest.mark.parametrize("name", ODD, ids=range(len(ODD)))
def test_odd_names(put, run, account, name):
    """Whatever stands in a name: the items are found, stored and judged, and the node id is one line."""
    put("a.kore.json", case(name, step("say [this]::that\n@👋", "שלום 👋")))
    result = run("-v", "--kore-run=published")
    assert result.code == 0, result.text
    items = (*ITEMS[:4], "step 01 say (this) that @👋")
    assert told(result) == {f"{ODD[name]}::{item}": "PASSED" for item in items}
    assert stored_names(account).pop().startswith(name)


def test_a_name_with_an_at_sign_has_its_predecessors(put, run, plugin_args, account):
    """What follows a bad structure is skipped, although xdist puts an @ into node ids, too."""
    put("a.kore.json", "me@home")
    account.switch(drift="drop-last-step")
    args = [*plugin_args, *(["--dist", "loadgroup"] if plugin_args else [])]
    result = run("-v", "--kore-run=published", *args)
    assert result.counts == {"passed": 2, "failed": 1, "skipped": 4}, result.text


def test_a_long_input(put, run, account):
    """An input of 100 KB is stored, run and compared; its item's name is short."""
    put("a.kore.json", case("A", step("x" * 100_000, "y" * 100_000)))
    result = run("-v", "--kore-run=published")
    assert result.code == 0, result.text
    assert f"A::step 01 {'x' * 40}" in told(result)
    account.bot({"x" * 100_000: ["z"]})
    result = run("--kore-run=published")
    assert result.counts == {"passed": 4, "failed": 1}
    assert len(result.text) < 30_000


def test_a_hundred_steps(put, names):
    """The number has as many digits as the last one needs, and at least two."""
    put("a.kore.json", case("A", *(step(f"say {number}") for number in range(100))))
    found = names("--kore-run=published", "-k", "step")
    assert found[0] == "a.kore.json::A::step 001 say 0"
    assert found[-1] == "a.kore.json::A::step 100 say 99"


# Tags, marks and fixtures of the user


def test_tags_as_marks(put, run, pytester, account):
    """A registered tag selects with -m; one that is not registered crashes nothing."""
    put("a.kore.json", case("A", tags=["smoke", "wild tag", "wild"]), "B")
    pytester.makeini("[pytest]\nmarkers =\n  smoke: quick ones\n  nightly")
    result = run("-v", "--strict-markers", "-m", "smoke", "-W", "error")
    assert result.code == 0, result.text
    assert set(told(result)) == set(of_suite("A", *ITEMS[:3]))


def test_a_tag_that_m_names_selects(put, run, plugin_args, account):
    """A tag that nobody registered selects, also under --strict-markers, and one line says so."""
    put("a.kore.json", case("A", tags=["smoke"]), case("B"))
    result = run("-m", "smoke", "--strict-markers", "-W", "error", "-v", *plugin_args)
    assert result.code == 0, result.text
    assert {name.partition("::")[0] for name in told(result)} == {"A"}
    said = "-m names 'smoke', a tag of suites that is no registered marker: it selects by tag"
    assert [line for line in result.lines if said in line][-1] == said


def test_a_tag_that_is_no_name_for_a_marker(put, run, account):
    """-m flaky means something else: nothing is selected, one line says so, and the run is not green."""
    put("a.kore.json", case("A", tags=["flaky"]))
    result = run("-m", "flaky")
    assert result.code != 0
    assert "-m flaky does not select the suites with this tag" in result.text


@pytest.mark.parametrize(
    "tag",
    ["skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "kore_live", "kore_suite"],
)
def test_a_tag_is_never_an_order_to_pytest(put, run, account, tag):
    """A suite tagged like one of pytest's own marks is judged like any other."""
    put("a.kore.json", case("A", tags=[tag]))
    account.switch(drift="drop-last-step")
    result = run("-v", "--strict-markers")
    assert told(result) == {"A::lint": "PASSED", "A::import": "PASSED", "A::structure": "FAILED"}
    assert "A::lint" in told(run("-v", "-m", "not kore_live"))


def test_marks_of_a_conftest(put, run, pytester, account):
    """A conftest.py may mark items; what follows an item that it skips reports the outcome itself."""
    put("a.kore.json", "A")
    pytester.makeconftest("""
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if item.name == "structure":
                    item.add_marker(pytest.mark.skip(reason="known"))
        """)
    account.switch(drift="drop-last-step")
    result = run("-v", "--kore-run=published", "-k", "not step")
    assert told(result) == {
        "A::lint": "PASSED",
        "A::import": "PASSED",
        "A::structure": "SKIPPED",
        "A::run": "FAILED",
    }
    assert result.code == 1


AUTOUSE = """
    import pytest

    def note(word):
        with open({log!r}, "a") as file:
            file.write(word + "\\n")

    @pytest.fixture(autouse=True, scope="session")
    def of_session():
        note("session")
        yield
        note("session over")

    @pytest.fixture(autouse=True, scope="package")
    def of_package(): note("package")

    @pytest.fixture(autouse=True, scope="module")
    def of_module(request): note("module " + request.module.__name__)

    @pytest.fixture(autouse=True, scope="class")
    def of_class(request): note("class " + str(request.cls))

    @pytest.fixture(autouse=True)
    def of_function(request, tmp_path, monkeypatch, capsys): note("function " + request.function.__name__)
    """


def test_autouse_fixtures_of_every_scope(put, run, pytester, account, tmp_path):
    """Fixtures of every scope run for collected items, as often as for a module with a class per suite."""
    log = tmp_path / "log"
    put("suites/a.kore.json", "A", "B")
    (pytester.path / "suites" / "__init__.py").touch()
    pytester.makeconftest(AUTOUSE.format(log=str(log)))
    result = run("-p", "no:cacheprovider")
    assert result.counts == {"passed": 6}, result.text
    words = log.read_text().splitlines()
    assert words.count("session") == words.count("session over") == words.count("package") == 1
    assert words.count("module a_kore") == 1
    assert words.count("function check_lint") == words.count("function check_structure") == 2
    assert sum(word.startswith("class <class ") for word in words) == 2
    assert words[-1] == "session over"


def test_autouse_fixtures_under_xdist(put, run, pytester, account, tmp_path):
    """In workers they run, too."""
    put("a.kore.json", "A")
    pytester.makeconftest(AUTOUSE.format(log=str(tmp_path / "log")))
    assert run("-p", "xdist", "-n", "2").counts == {"passed": 3}
    assert (tmp_path / "log").read_text().count("function") == 3


def test_a_fixture_that_breaks_is_not_ours(put, run, pytester, account):
    """A user's autouse fixture that raises is an ERROR with its own traceback."""
    put("a.kore.json", "A")
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(autouse=True)
        def broken(): raise RuntimeError("mine")
        """)
    result = run()
    assert result.counts == {"errors": 3}
    assert "RuntimeError: mine" in result.text


def test_a_conftest_may_override_the_settings(put, run, pytester, account, monkeypatch):
    """Collected items ask with the conftest's kore_settings."""
    put("suites/a.kore.json", "A")
    monkeypatch.delenv("KORE_STREAM_ID")
    pytester.makeconftest(f"""
        import dataclasses, pytest

        @pytest.fixture(scope="session")
        def kore_settings(kore_settings):
            return dataclasses.replace(kore_settings, stream_id="{account.stream_id}")
        """)
    result = run()
    assert result.code == 0, result.text


def test_a_conftest_may_override_the_client(put, run, pytester, account):
    """Collected items upload with the conftest's kore_client."""
    put("a.kore.json", "A")
    pytester.makeconftest("""
        import pytest
        from pytest_kore_convtest import KoreClient

        class Mine(KoreClient):
            def upload(self, data, filename):
                return super().upload(data, "mine.json")

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Mine(kore_settings) as client:
                yield client
        """)
    assert run().code == 0
    assert [upload.filename for upload in account.uploads] == ["mine.json"]


# Configured or not


@pytest.mark.parametrize("missing", ["HOST", "STREAM_ID", "CLIENT_ID", "USER_EMAIL"])
def test_a_missing_setting_is_said_before_anything_is_sent(put, run, account, monkeypatch, missing):
    """Lint passes, the others are ERROR and name the setting; nothing was sent."""
    put("a.kore.json", "A")
    monkeypatch.delenv(f"KORE_{missing}")
    result = run("-v", "--kore-run=published")
    assert result.code == 1
    assert told(result) == {
        name: "PASSED" if name.endswith("lint") else "ERROR" for name in of_suite("A")
    } | dict.fromkeys(of_suite("A", "structure", "run", *STEPS), told(result)["A::structure"])
    assert told(result)["A::import"] == "ERROR"
    assert f"KORE_{missing}" in result.text
    assert account.requests == []


def test_nothing_configured(put, run):
    """Without any setting lint passes and all others are ERROR."""
    put("a.kore.json", "A")
    result = run("-v")
    assert result.code == 1
    assert told(result) == {"A::lint": "PASSED", "A::import": "ERROR", "A::structure": "ERROR"}
    assert "--kore-host" in result.text
    assert "Traceback" not in result.text


@pytest.mark.parametrize("missing", ["HOST", "USER_EMAIL"])
def test_unconfigured_may_be_skipped(put, run, account, monkeypatch, missing):
    """With kore_unconfigured=skip lint passes and all others are skipped with what is missing."""
    put("a.kore.json", "A")
    monkeypatch.delenv(f"KORE_{missing}")
    result = run("-v", "-rs", "--kore-unconfigured=skip")
    assert result.code == 0, result.text
    assert told(result) == {"A::lint": "PASSED", "A::import": "SKIPPED", "A::structure": "SKIPPED"}
    assert f"KORE_{missing}" in "".join(result.reasons)
    assert account.requests == []


def test_a_protected_target(put, run, account, monkeypatch, pytester):
    """Nothing is uploaded to a protected target; it is a usage error; lint is free."""
    put("a.kore.json", "A")
    monkeypatch.delenv("KORE_HOST")
    monkeypatch.delenv("KORE_STREAM_ID")
    pytester.makeini(f"[pytest]\nkore_targets =\n  prod {account.url} {account.stream_id} protected")
    result = run("-v", "--kore-target=prod", "--kore-run=published")
    assert result.code == 4, result.text
    assert "target prod is protected" in result.text
    assert account.requests == []
    assert run("--kore-target=prod", "-m", "not kore_live").code == 0


# What it says


def test_a_lint_finding_fails_lint_and_nothing_else(put, run, account):
    """All findings come at once with their places, and the import goes on."""
    put("a.kore.json", case("A", step("hi", "Hello."), step("", "x")), case("B", step("hi", "ok")))
    result = run("-v")
    assert told(result)["A::lint"] == "FAILED"
    assert told(result)["B::lint"] == "PASSED"
    assert told(result)["A::import"] == told(result)["B::structure"] == "PASSED"
    assert re.search(r"a\.kore\.json:\d+:\d+: ", result.text)


def test_hints_are_lines_of_the_summary(put, run, account):
    """What lint only hints at is told once, and no warning."""
    put("a.kore.json", "A", surprise=1)
    result = run("-W", "error")
    assert result.code == 0
    assert len([line for line in result.lines if "surprise" in line]) == 1


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_hints_that_many_suites_have_are_told_once(put, run, words):
    """A hint of many suites of a file is one line with their number; what few have is told one by one."""
    odd = [case(f"S{number}", surprise=1) for number in range(30)]
    put("a.kore.json", *odd, case("LAST", step("hello", "Hi")))
    plugins = ("-p", "xdist.plugin") if words else ()
    result = run("-m", "not kore_live", *plugins, *words)
    assert result.code == 0
    assert len([line for line in result.lines if "[unknown-key]" in line]) == 1
    assert "(30 hints in 30 suites, this is the first; kore-convtest lint --only unknown-key" in result.text
    assert len([line for line in result.lines if "'LAST'" in line]) == 1


def test_locations_and_junit(put, run, account, junit, pytester):
    """JUnit names the suite and item; the place of a step is its line in the file."""
    put("a.kore.json", "BOOKING")
    account.bot({"quote": ["Which planet?"]})
    run("--kore-run=published", "--junitxml=junit.xml", "-o", "junit_family=xunit1")
    _, cases = junit()
    failed = cases["step 02 quote"]
    assert failed.get("classname").endswith("BOOKING")
    assert [child.tag for child in failed if child.tag != "properties"] == ["failure", "system-out"]
    lines = (pytester.path / "a.kore.json").read_text().splitlines()
    number = int(failed.get("line"))
    assert '"quote"' in "".join(lines[number - 1 : number + 1])
    assert f"a.kore.json:{number}" in failed.find("failure").text
    held = {one.get("name"): one.get("value") for one in cases["run"].iter("property")}
    assert held["kore_run_id"].startswith("ctr-")
    assert held["kore_suite"]
    assert {one.get("name") for one in cases["import"].iter("property")} >= {"kore_ds_id", "kore_polls"}


def test_collecting_starts_nothing(put, names, account):
    """--collect-only asks nothing, the emulator is not started."""
    put("a.kore.json", "A")
    assert len(names()) == 3
    assert len(names("--kore-emulator", "-p", "xdist", "-n", "2")) in {0, 3}
    assert account.requests == []


def test_a_file_that_vanishes(put, run, pytester, account):
    """A file that is gone when its items run was read before: that is uploaded, and said."""
    put("a.kore.json", "A")
    pytester.makeconftest("""
        import os

        def pytest_collection_finish(session):
            os.remove("a.kore.json")
        """)
    result = run()
    assert "INTERNALERROR" not in result.text
    assert "in this plugin" not in result.text
    assert result.counts == {"passed": 3}
    assert "a.kore.json is gone since it was collected; what was read then was uploaded" in result.lines


def test_a_file_that_changes(put, run, pytester, account):
    """What was collected is what is uploaded, and it is said that the file is another one by now."""
    put("a.kore.json", "A")
    pytester.makeconftest("""
        import pathlib

        def pytest_collection_finish(session):
            pathlib.Path("a.kore.json").write_text("{}")
        """)
    result = run()
    assert result.counts == {"passed": 3}
    assert "a.kore.json has changed since it was collected; what was read then was uploaded" in result.lines


@pytest.mark.parametrize("absent", ["cacheprovider", "terminal", "junitxml", "tmpdir", "terminalreporter"])
def test_it_works_without_a_plugin_of_pytest(put, run, account, absent):
    """A good suite is green and a bad one red although pytest's own plugin is switched off."""
    put("a.kore.json", "A")
    assert run("-p", f"no:{absent}").code == 0
    account.switch(drift="drop-last-step")
    assert run("-p", f"no:{absent}").code == 1


@pytest.mark.parametrize("more", [("--continue-on-collection-errors",), ("-p", "xdist", "-n2")])
def test_what_could_not_be_collected_is_not_verified(run, put, pytester, account, more):
    """A folder whose conftest.py is broken takes its suites along: what is left is not the whole."""
    put("good/a.kore.json", "GOOD")
    put("lost/a.kore.json", "LOST")
    (pytester.path / "lost" / "conftest.py").write_text("import there_is_no_such_module")
    (pytester.path / "lost" / "test_it.py").write_text("def test_it(): pass")
    result = run("--kore-run=inDevelopment", "--kore-json=r.json", *more, apart=True)
    assert result.code == 1
    assert "NOT VERIFIED: lost" in result.text
    assert "could not be collected, so which tests are missing is not known" in result.text
    record = json.loads((pytester.path / "r.json").read_text())
    assert record["verdict"] == "unknown"
