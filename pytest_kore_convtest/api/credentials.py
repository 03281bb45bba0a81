"""Make what signs requests, from the settings: a signer, or a token that was given ready-made."""

from __future__ import annotations

import os
import select
import stat
import time
from typing import TYPE_CHECKING

from pytest_kore_convtest.api.auth import Signer, short_secret_note
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.settings.values import describe_path, read_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_kore_convtest.api.given_token import GivenToken
    from pytest_kore_convtest.settings.settings import Settings

_LARGEST = 65536
"""Bytes of a file that holds a secret or token: a header has no room for more."""

_PART = 0.9
"""The part of a request's time that reading its token may take: what is late is said before the rest is."""

_LOOK = 0.05
"""Seconds between two looks at a pipe into which nobody has written yet."""

CREDENTIALS = ("client_id", "client_secret", "client_secret_file", "jwt", "jwt_file")
"""The settings that a signer is made from."""


def make_signer(settings: Settings, now: Callable[[], float]) -> tuple[Signer | GivenToken, list[str]]:
    """Make the source of tokens, and notes about it.

    Args:
        settings: They hold a token, or an id and a secret.
        now: Returns seconds since the epoch.

    Raises:
        ConfigError: A file cannot be used.
    """
    timeout = _PART * min(settings.request_timeout, settings.timeout)
    if settings.jwt is not None or settings.jwt_file is not None:
        return _use_given(settings, now, timeout), []
    if settings.client_secret is not None:
        secret = settings.client_secret.reveal()
    else:
        source = settings.source("client_secret_file")
        secret = _read_file(settings.client_secret_file, "client_secret_file", source, timeout)
    note = short_secret_note(secret)
    return Signer(str(settings.client_id), secret, now), [note] if note else []


def _use_given(settings: Settings, now: Callable[[], float], timeout: float) -> GivenToken:
    from pytest_kore_convtest.api.given_token import GivenToken

    if settings.jwt is not None:
        return GivenToken(settings.jwt.reveal, now, f"kore_jwt (from {settings.source('jwt')})")
    path, source = settings.jwt_file, settings.source("jwt_file")
    read = lambda: _read_file(path, "jwt_file", source, timeout)  # noqa: E731 - a name would not say more
    return GivenToken(read, now, f"the token in {describe_path(path)}", renewable=True)


def _read_file(path: Path | None, name: str, source: str, timeout: float) -> str:
    try:
        return read_secret(_read_within(path, timeout).decode() if path else "").reveal()
    except TimeoutError:
        said = f"reading {describe_path(path)} did not finish in {timeout:g} s"
        problem = f"{said}, because nothing writes to that pipe or device"
    except OSError as bad:
        said = describe_path(path, may_be_secret=True)
        why = bad.strerror or bad
        problem = f"the file it names, {said}, cannot be read: {why}. Give a path, not the secret itself"
    except ValueError:
        problem = f"{describe_path(path)} is empty, no text, or a placeholder: put the real value there"
    raise ConfigError(f"kore_{name} (from {source}): {problem}", name=name, source=source)


def _read_within(path: Path, timeout: float) -> bytes:
    """Read a small file; what is a pipe or a device may take so many seconds, and is read to its end.

    Raises:
        OSError: It cannot be read, or is no small file.
        TimeoutError: It has not come to its end.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe without a writer would block
    try:
        if stat.S_ISREG(os.fstat(handle).st_mode) or os.name == "nt":
            data = os.read(handle, _LARGEST + 1)
        else:
            data = _drain(handle, time.monotonic() + timeout)
    finally:
        os.close(handle)
    if len(data) > _LARGEST:
        raise OSError(f"it is larger than {_LARGEST} bytes")
    return data


def _drain(handle: int, end: float) -> bytes:
    """Read from a pipe or device until its end, which it has only when something came before."""
    data = bytearray()
    while len(data) <= _LARGEST:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if not select.select([handle], [], [], min(left, _LOOK))[0]:
            continue
        piece = os.read(handle, _LARGEST + 1 - len(data))
        if not piece and data:
            break
        data += piece
        if not piece:
            time.sleep(_LOOK)
    return bytes(data)
