"""What pytest knows of the settings before anybody has judged the values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_kore_convtest.settings.settings import Given


class RawSettings(NamedTuple):
    """The raw values by where they stand, and the folders around them.

    Attributes:
        typed: By setting name, from the command line and ``addopts``.
        environment: The whole environment.
        ini: By setting name; only those that stand in the file.
        root: pytest's root directory.
        ini_file: The ini file, when there is one.
        paths: Where pytest would look for tests.
        cache: The folder of pytest's cache, there or not; ``None`` when the cache is off.
    """

    typed: Mapping[str, Given]
    environment: Mapping[str, str]
    ini: Mapping[str, object]
    root: Path
    ini_file: Path | None
    paths: list[Path]
    cache: Path | None = None

    @property
    def folder(self) -> Path | None:
        """The folder of the ini file, to which paths in it are relative."""
        return self.ini_file.parent if self.ini_file else None
