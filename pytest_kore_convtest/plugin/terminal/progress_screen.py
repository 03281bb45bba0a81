"""A few live lines below pytest's own output, gone without a trace before pytest goes on."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from pytest_kore_convtest.plugin.terminal.progress_lines import Size
from pytest_kore_convtest.settings.settings import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    import pytest
    from _pytest.capture import CaptureManager
    from rich.console import Console
    from rich.live import Live

    from pytest_kore_convtest.plugin.terminal.progress_lines import Piece

_DEFAULT_SIZE = Size(80, 24)


def open_screen(config: pytest.Config) -> Screen | None:
    """Return the screen that pytest writes to; ``None`` when it cannot show live lines, or should not."""
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.isatty or not can_be_drawn_on(environment()):
        return None
    try:
        import rich.live  # noqa: F401 - looked for here, used where lines are drawn
    except ImportError:
        return None
    capture: CaptureManager | None = config.pluginmanager.get_plugin("capturemanager")
    free = capture.global_and_fixture_disabled if capture else nullcontext
    captured = capture is not None and config.option.capture != "no"
    try:
        with free():
            writer = config.get_terminal_writer()
            writer.flush()
            shown: TextIO = writer._file  # noqa: SLF001 - pytest has no other way to say where it writes
            file = os.fdopen(os.dup(shown.fileno()), "w", encoding=shown.encoding, errors="replace")
    except (AttributeError, OSError, ValueError):
        return None
    return Screen(reporter, file, free if captured else None)


def can_be_drawn_on(env: Mapping[str, str]) -> bool:
    """Say whether a terminal is a person's, and can move its cursor."""
    if env.get("CI") or env.get("BUILD_NUMBER"):
        return False
    return sys.platform == "win32" or env.get("TERM", "dumb") not in {"dumb", "unknown", ""}


class Screen:
    """Live lines on a terminal.

    Whatever pytest or a plugin writes meanwhile takes the lines away first.

    Args:
        reporter: pytest's.
        file: The terminal, on a handle of its own that no capture touches.
        free: Suspends the capture of what tests print; ``None`` when nothing is captured.
    """

    def __init__(
        self,
        reporter: pytest.TerminalReporter,
        file: TextIO,
        free: Callable[[], AbstractContextManager[None]] | None,
    ) -> None:
        self._reporter, self._file, self._free = reporter, file, free
        self._writer = reporter._tw  # noqa: SLF001 - what the reporter's own methods write with
        self._live: Live | None = None
        self._column = 0
        self._before: object = None
        self.plain: bool = not (file.encoding or "").lower().startswith("utf")

    def size(self) -> Size:
        """Return the terminal's size, as it is now."""
        with suppress(OSError, ValueError):
            found = os.get_terminal_size(self._file.fileno())
            if found.columns > 0 and found.lines > 0:
                return Size(found.columns, found.lines)
        return _DEFAULT_SIZE

    def show(self, lines: Sequence[Sequence[Piece]], size: Size) -> None:
        """Show lines, in place of those that are there.

        Raises:
            OSError: The terminal is gone.
        """
        from rich.text import Text

        live = self._live or self._begin()
        picture = Text("\n", no_wrap=True, end="").join(Text.assemble(*line) for line in lines)
        self._console.size = (size.width, size.height)
        live.update(picture, refresh=True)

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(
            file=self._file,
            force_terminal=True,
            color_system="auto" if self._writer.hasmarkup else None,
            no_color=not self._writer.hasmarkup,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def _begin(self) -> Live:
        from rich.live import Live

        self._step_down()
        self._before = vars(self._writer).get("write")
        vars(self._writer)["write"] = self._write
        live = self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        live.start()
        return live

    def _step_down(self) -> None:
        """Go to a line of our own; remember where pytest's last line ends."""
        self._column = self._writer.width_of_current_line
        if self._free is None:  # nobody knows where the tests' own output has left the cursor
            sys.stdout.flush()
            self._column = 0
            self._reporter.currentfspath = None  # pytest begins its line anew
            self._file.write("\n")
        elif self._column:
            self._file.write("\n")
        self._file.flush()

    def clear(self) -> None:
        """Take the lines away and put the cursor back to where pytest left it."""
        live, self._live = self._live, None
        if live is None:
            return
        self._restore_writer()
        with suppress(OSError, ValueError):  # the terminal is gone, and the lines with it
            live.update("")
            live.stop()
            self._step_up()

    def _step_up(self) -> None:
        if not self._column:
            return
        if self._column >= self.size().width:  # narrower now: where that line ends is the terminal's secret
            with self._free() if self._free else nullcontext():
                self._reporter.ensure_newline()
                self._writer.flush()
            return
        from rich.control import Control
        from rich.segment import ControlType

        self._console.control(Control((ControlType.CURSOR_UP, 1), (ControlType.CURSOR_FORWARD, self._column)))

    def _write(self, msg: str, **kwargs: bool) -> None:
        self.clear()
        self._writer.write(msg, **kwargs)

    def _restore_writer(self) -> None:
        if vars(self._writer).get("write") != self._write:
            return
        if self._before is None:
            del vars(self._writer)["write"]
        else:
            vars(self._writer)["write"] = self._before

    def close(self) -> None:
        """Take the lines away for good."""
        self.clear()
        with suppress(OSError):
            self._file.close()
