"""Everything the emulator remembers: its identity, files, jobs and stored suites."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import runs, suites
from .jobs import EXPIRY, ImportJob, Job, RunJob
from .journal import Request, Upload
from .rate_limits import Limiter
from .replies import unknown
from .tokens import Gatekeeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from .nodes import Definition
    from .script import Script, Word
    from .switches import Switches

_RECORDS = 10_000  # enough for any test; a benchmark must not eat the memory


def new_id(prefix: str) -> str:
    """Return a random id of the platform's look, e.g. ``ds-…``."""
    return f"{prefix}-{uuid.uuid4()}"


@dataclass(frozen=True)
class Identity:
    """The bot, the JWT app and the user of one emulator; random, as the real ones look."""

    stream_id: str = field(default_factory=lambda: new_id("st"))
    client_id: str = field(default_factory=lambda: new_id("cs"))
    client_secret: str = field(
        default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    user_email: str = field(default_factory=lambda: f"tester-{secrets.token_hex(4)}@emulator.invalid")
    user_id: str = field(default_factory=lambda: new_id("u"))
    account_id: str = field(default_factory=lambda: secrets.token_hex(12))


@dataclass
class Fault:
    """Something ordered for the next requests.

    Args:
        word: What to answer.
        times: How many requests are left.
        endpoint: Only for this endpoint, or for any.
    """

    word: Word
    times: int
    endpoint: str | None = None


class Platform:
    """Keep the whole state; the caller holds the lock.

    Args:
        switches: How to behave.
        clock: Seconds since the epoch.
        bot: What the bot answers, by input.
        definition: What the bot consists of, if results are to name its nodes.
    """

    def __init__(
        self,
        switches: Switches,
        clock: Callable[[], float],
        bot: runs.Bot,
        definition: Definition | None = None,
    ) -> None:
        self.identity: Identity = Identity()
        self.clock = clock
        self.gatekeeper: Gatekeeper = Gatekeeper(self.identity.client_id, self.identity.client_secret)
        self._first_switches, self._first_bot = switches, bot
        self._definition = definition
        self.clear()

    def clear(self) -> None:
        """Forget everything but the identity, and the first switches and bot."""
        self.switches: Switches = self._first_switches
        self.bot: runs.Bot = self._first_bot
        self.files: dict[str, Upload] = {}
        self.imports: dict[str, ImportJob] = {}
        self.runs: dict[str, RunJob] = {}
        self.faults: list[Fault] = []
        self.next_scripts: deque[Script] = deque()
        self.waiting_scripts: dict[str, Script] = {}
        self.log: deque[tuple[Request, int]] = deque(maxlen=_RECORDS)
        self.limiter: Limiter = Limiter()
        self.gatekeeper.forget()

    def take_fault(self, endpoint: str) -> Word | None:
        """Return what was ordered for a request to an endpoint, once."""
        for fault in self.faults:
            if fault.endpoint in (None, endpoint):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault.word
        return None

    def set_script(self, script: Script, job_id: str | None) -> None:
        """Keep a script for the next job, or for the one named."""
        job = self._jobs().get(job_id or "")
        if job_id is None:
            self.next_scripts.append(script)
        elif job is None:
            self.waiting_scripts[job_id] = script
        else:
            job.script = script

    def _jobs(self) -> dict[str, Job]:
        return {**self.imports, **self.runs}

    def _script_for(self, job_id: str) -> Script | None:
        if job_id in self.waiting_scripts:
            return self.waiting_scripts.pop(job_id)
        return self.next_scripts.popleft() if self.next_scripts else None

    def store_file(self, filename: str, data: bytes) -> Upload:
        """Keep an uploaded file."""
        upload = Upload(secrets.token_hex(12), filename, data)
        self.files[upload.file_id] = upload
        return upload

    def add_import(self, data: bytes, job_id: str | None = None, **fields: object) -> ImportJob:
        """Start an import of a file's bytes; ``fields`` overrule what the file says of the suite."""
        job_id = job_id or new_id("ds")
        suite, problem = self._read(data, fields)
        job = ImportJob(
            id=job_id,
            stream_id=self.identity.stream_id,
            created=self.clock(),
            pace=self.switches.pace,
            end=self.switches.failure_word if problem else "SUCCESS",
            script=self._script_for(job_id),
            suite=suite,
            problem=problem,
            draft_id=new_id("ctc"),
            user_id=self.identity.user_id,
        )
        self.imports[job_id] = job
        return job

    def _read(self, data: bytes, fields: dict[str, object]) -> tuple[dict[str, object] | None, str]:
        who = self.identity
        fields = {
            "_id": new_id("ctc"),
            "streamId": who.stream_id,
            "accountId": who.account_id,
            "lModBy": who.user_id,
            "createdBy": who.user_id,
            **fields,
        }
        try:
            suite = suites.build_suite(suites.read_case(data), **fields)
        except suites.BadFileError as error:
            return None, str(error)
        return suites.apply_drift(suite, self.switches.drift), ""

    def find_import(self, job_id: str) -> ImportJob:
        """Return an import job; a job that only has a script comes to life here.

        Raises:
            RefusalError: 400, there is none, or it has expired.
        """
        if job_id not in self.imports and job_id in self.waiting_scripts:
            self.add_import(suites.demo_file(), job_id)
        job = self.imports.get(job_id)
        expired = self.switches.enforce_expiry and job is not None and self.clock() > job.created + EXPIRY
        if job is None or expired:
            raise unknown("Invalid request ID")
        return job

    def find_suite(self, name: str) -> dict[str, Any]:
        """Return the newest stored suite of a name.

        Raises:
            RefusalError: 400, there is none.
        """
        for job in reversed(self.imports.values()):
            job.settle(self.clock())
            if job.stored and job.suite is not None and job.suite["name"] == name:
                return job.suite
        raise unknown("Test Suite not found")

    def has_name(self, name: str) -> bool:
        """Whether a suite of this name is stored or on its way."""
        jobs = [job for job in self.imports.values() if job.stored or not job.over]
        return any(job.suite is not None and job.suite["name"] == name for job in jobs)

    def delete_suites(self, names: list[str]) -> None:
        """Delete all suites of some names, or none.

        Raises:
            RefusalError: 400, one of them does not exist.
        """
        for name in names:
            self.find_suite(name)
        for job in self.imports.values():
            if job.stored and job.suite is not None and job.suite["name"] in names:
                job.deleted = True

    def add_run(self, name: str, version: str) -> RunJob:
        """Start a run of a stored suite.

        Raises:
            RefusalError: 400, there is no such suite.
        """
        suite = self.find_suite(name)
        run_id, aborted = new_id("ctr"), self.switches.abort_runs
        before = sum(job.suite_id == suite["_id"] for job in self.runs.values())
        results = runs.execute(suite, self.bot, run_id, self._definition, before=before)
        job = RunJob(
            id=run_id,
            stream_id=self.identity.stream_id,
            created=self.clock(),
            pace=self.switches.pace,
            end="ABORTED" if aborted else "SUCCESS",
            script=self._script_for(run_id),
            suite_id=suite["_id"],
            name=name,
            version=version,
            total=len(results),
            results=results[: len(results) // 2] if aborted else results,
            is_scripted=any(step["input"] in self.bot for step in suite["testSteps"]),
            short=self.switches.run_results == "summary",
            drift=self.switches.run_drift,
        )
        self.runs[run_id] = job
        return job

    def find_run(self, name: str, run_id: str) -> RunJob:
        """Return a run of a stored suite.

        Raises:
            RefusalError: 400, there is no such suite or no such run of it.
        """
        self.find_suite(name)
        job = self.runs.get(run_id)
        if job is None or job.name != name:
            raise unknown("Test Result not found.")
        return job
