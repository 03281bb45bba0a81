"""A terminal as a person sees it: a pseudo-terminal with an emulator of its screen behind."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from typing import TYPE_CHECKING

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PATIENCE = 30.0
"""Seconds after which a process that shows nothing new is taken for stuck."""


class Terminal:
    """A process on a terminal.

    Args:
        command: The command and its arguments.
        cwd: Where it runs.
        env: Its environment.
        columns: The terminal's width.
        rows: Its height.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        *,
        columns: int = 100,
        rows: int = 24,
    ) -> None:
        self.raw = b""
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = os.openpty()
        self._set_size(columns, rows)
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=dict(env), start_new_session=True
        )
        os.close(slave)

    def _set_size(self, columns: int, rows: int) -> None:
        import fcntl
        import termios

        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int) -> None:
        """Give the terminal another width, as a person does who drags the side of its window."""
        self._set_size(columns, self._screen.lines)
        self._screen.resize(self._screen.lines, columns)

    @property
    def lines(self) -> list[str]:
        """The lines on the screen and those that have left it at the top."""
        gone = [
            "".join(line[column].data for column in sorted(line)).rstrip()
            for line in self._screen.history.top
        ]
        return [*gone, *(line.rstrip() for line in self._screen.display)]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines).rstrip()

    @property
    def cursor_is_hidden(self) -> bool:
        """Whether the cursor is invisible."""
        return bool(self._screen.cursor.hidden)

    def wait_for(self, sign: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows something; return all its text."""
        shows = sign if callable(sign) else lambda text: sign in text
        while not shows(self.text):
            assert self._read(), f"it ended without {sign!r}:\n{self.text}"
        return self.text

    def finish(self) -> str:
        """Wait for the end; return the text that remains."""
        while self._read():
            pass
        self.process.wait(PATIENCE)
        return self.text

    def _read(self) -> bool:
        """Read what there is; say whether there may be more."""
        deadline = time.monotonic() + PATIENCE
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing new for {PATIENCE:g} s:\n{self.text}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)
