"""Set up a case's servers, send a contestant in, and see what happens."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from torture.acts import (
    say,
)
from torture.contestants import Ended, Task, measure, ours, work
from torture.documents import (
    DONE_DOCUMENT,
)
from torture.judge import Seen, judge
from torture.stage import Certificates, Nobody, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torture.cases import Case

_MERCY = 3.0
"""Seconds after its time is over at which a contestant is killed."""

_START = 2.0
"""Seconds that a process may need to start on a busy machine."""


DEAD = "127.0.0.2"
"""A loopback address of Linux at which nothing answers, unless a case says so."""


class Arena:
    """Everything that cases share: certificates, and a process that others are forked from."""

    def __init__(self) -> None:
        self._certificates = Certificates()
        self._folder = tempfile.TemporaryDirectory()
        self._bundle = Path(self._folder.name) / "ca.pem"
        self._bundle.write_bytes(self._certificates.bundle)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["torture.contestants"])
        self._start = threading.Lock()

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()

    def fight(self, case: Case, name: str) -> tuple[str, str]:
        """Let a contestant do a case in a process of its own; return how it fared, and details."""
        return self._play(case, lambda task: self._send_in(name, task, case.patience), is_ours=name == "ours")

    def try_here(self, case: Case) -> tuple[str, str]:
        """Let ours do a case in this process; memory is not measured."""
        return self._play(case, lambda task: measure(ours, task)._replace(memory=0, left=0), is_ours=True)

    def _play(self, case: Case, call: Callable[[Task], Ended | None], *, is_ours: bool) -> tuple[str, str]:
        context = self._certificates.context(case.tls) if case.tls else None
        with ExitStack() as stack:
            other = stack.enter_context(Stage([say(DONE_DOCUMENT)]))
            stage = Stage(case.acts or [say(b"")], context=context, other=other.url)
            url = stack.enter_context(_standing(case, stage))
            addresses = (DEAD, "127.0.0.1") if case.stand.endswith("first") else ()
            ended = call(Task(case.kind, url, str(self._bundle), case.limits, addresses))
            return judge(case, ended, Seen(stage.requests, stage.times, other.requests), is_ours=is_ours)

    def _send_in(self, name: str, task: Task, patience: float) -> Ended | None:
        receiver, sender = self._processes.Pipe(duplex=False)
        process = self._processes.Process(target=work, args=(name, task, sender), daemon=True)
        with self._start:
            process.start()
        sender.close()
        try:
            if receiver.poll(patience + _MERCY + _START):
                return Ended(*receiver.recv())
        except EOFError:
            pass
        finally:
            process.kill()
            process.join()
            receiver.close()
        return None


@contextmanager
def _standing(case: Case, stage: Stage) -> Iterator[str]:
    """Put up a case's server, or what stands in its place; return its address."""
    scheme = "https" if case.tls else "http"
    if case.stand in {"nobody", "full"}:
        with Nobody(full=case.stand == "full") as nobody:
            yield f"{scheme}://127.0.0.1:{nobody.port}"
        return
    with stage, ExitStack() as stack:
        if case.stand == "late":
            stage.leave(1.0)
        if case.stand == "dead first":
            stack.enter_context(Nobody(full=True, address=(DEAD, stage.port)))
        yield stage.url.replace("127.0.0.1", "localhost") if case.stand.endswith("first") else stage.url
