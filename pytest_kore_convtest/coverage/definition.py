"""Read a bot definition: the export of a bot as the platform writes it, a zip or the JSON in it.

Both products are read: ``botDefinition.json`` of XO10, ``appDefinition.json`` of XO11. Nothing is
ever unpacked to the disk, and no more is read than ``LARGEST`` bytes, whatever a zip says of itself.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass, field
from stat import S_ISREG
from typing import IO, TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import plural, printable, show_path

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 64 * 1024 * 1024
"""Bytes of JSON that are read; the largest real export that was seen has 4 MB."""

NAMES = ("botDefinition.json", "appDefinition.json")
"""What a zip holds, in the order in which it is looked for."""

WRAPPERS = ("botDefinition", "appDefinition", "app", "bot")
"""Keys of which one may hold the whole definition."""

_MOST_FILES = 10_000
_LARGEST_ZIP = 256 * 1024 * 1024
_CHUNK = 1024 * 1024
_ZIP = b"PK"
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How files may be packed; what is packed otherwise zipfile unpacks at once, however large it becomes."""
_EXPORT_AGAIN = "Export the bot again"


@dataclass(frozen=True)
class Definition:
    """A bot definition as it was read.

    Attributes:
        path: Where it stands.
        sha256: Of its JSON, so that two runs know that they measured against the same bot.
        data: The definition itself, without what was wrapped around it.
    """

    path: Path
    sha256: str
    data: dict[str, object] = field(repr=False)


def read_definition(path: Path) -> Definition:
    """Read a bot definition.

    Raises:
        ConfigError: It cannot be read, is too large, no zip or JSON that can be trusted, or no bot.
    """
    try:
        body = _read(path)
        data = _unwrap(load_strictly(body))
        return Definition(path, hashlib.sha256(body).hexdigest(), data)
    except OSError as error:
        problem = f"cannot be read: {error.strerror or type(error).__name__}. Name a bot's export"
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        said = printable(str(error), 80) or type(error).__name__
        problem = f"is a zip that cannot be read ({said}). {_EXPORT_AGAIN}"
    except _UnusableError as error:
        problem = str(error)
    except ValueError as error:
        problem = f"is no JSON that can be read: {printable(str(error), 160)}. {_EXPORT_AGAIN}"
    raise refuse(path, problem)


def refuse(path: Path, problem: str) -> ConfigError:
    """Make the error of a definition that cannot be used.

    Args:
        path: Where it stands.
        problem: The rest of a sentence that begins with its name, and what to do, without the last stop.
    """
    said = f"kore_bot_definition: {printable(show_path(path), 200)} {problem}."
    return ConfigError(said, name="bot_definition", source="")


class _UnusableError(Exception):
    """What is wrong, as the rest of a sentence that begins with the file's name, and what to do."""


def _read(path: Path) -> bytes:
    """Return the JSON of a definition."""
    facts = path.stat()
    if not S_ISREG(facts.st_mode):
        raise _UnusableError("is no plain file. Name a bot's export, a zip or JSON")
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP:
            file.seek(0)
            return _read_bounded(file, facts.st_size)
        if facts.st_size > _LARGEST_ZIP:
            raise _too_large(facts.st_size, _LARGEST_ZIP)
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            return _read_member(archive)


def _read_member(archive: zipfile.ZipFile) -> bytes:
    entries = archive.infolist()
    if len(entries) > _MOST_FILES:
        raise _UnusableError(f"holds {plural(len(entries), 'file')}, more than any export. {_EXPORT_AGAIN}")
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            name = printable(entry.filename, 60)
            raise _UnusableError(f"holds the path {name!r}, which climbs out of the zip. {_EXPORT_AGAIN}")
    found = _choose(entries)
    if found.flag_bits & 1:
        raise _UnusableError("is encrypted. Export the bot without a password")
    if found.compress_type not in _BOUNDED:
        raise _UnusableError(
            "is packed in a way that no export is. Pack it again as a usual zip, or unpack it"
        )
    with archive.open(found) as file:
        return _read_bounded(file, found.file_size)


def _choose(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """Return the definition among a zip's files: by its name, and the one that lies least deep."""
    for name in NAMES:
        same = [one for one in entries if one.filename.rpartition("/")[2].lower() == name.lower()]
        top = min((one.filename.count("/") for one in same), default=0)
        best = [one for one in same if one.filename.count("/") == top]
        if len(best) > 1:
            raise _UnusableError(f"holds {name} {len(best)} times. Name the JSON of the one that is meant")
        if best:
            return best[0]
    raise _UnusableError(f"holds neither {NAMES[0]} nor {NAMES[1]}. Name the export of a bot")


def _read_bounded(file: IO[bytes], size: int) -> bytes:
    """Read what is no larger than ``LARGEST``, whatever size it claims to have."""
    if size > LARGEST:
        raise _too_large(size, LARGEST)
    parts, total = [], 0
    while part := file.read(_CHUNK):
        total += len(part)
        if total > LARGEST:
            raise _too_large(total, LARGEST)
        parts.append(part)
    if not total:
        raise _UnusableError("is empty. Name a bot's export, a zip or JSON")
    return b"".join(parts)


def _too_large(size: int, most: int) -> _UnusableError:
    mb = 1024 * 1024
    said = f"is too large: {size // mb} MB or more, and at most {most // mb} MB are read"
    return _UnusableError(f"{said}. Export the bot's dialogs alone, without knowledge and training data")


def _unwrap(loaded: dict[str, object]) -> dict[str, object]:
    """Return the definition itself, which may stand in one key."""
    for holder in (loaded, *(loaded.get(key) for key in WRAPPERS)):
        if isinstance(holder, dict) and isinstance(holder.get("dialogs"), list):
            return holder
    raise _UnusableError(
        "is JSON, and has no 'dialogs'. Name the export of a bot, not of a suite or a dialog"
    )
