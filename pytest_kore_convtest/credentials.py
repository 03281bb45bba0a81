"""Make what signs requests, from the settings: a signer, or a token that was given ready-made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.auth import GivenToken, Signer, short_secret_note
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.values import describe_path, read_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_kore_convtest.settings import Settings

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
    if settings.jwt is not None:
        name = f"kore_jwt (from {settings.source('jwt')})"
        return GivenToken(settings.jwt.reveal, now, name), []
    if settings.jwt_file is not None:
        path, source = settings.jwt_file, settings.source("jwt_file")
        read = lambda: _read_file(path, "jwt_file", source)  # noqa: E731 - a name would not say more
        return GivenToken(read, now, f"the token in {describe_path(path)}", renewable=True), []
    if settings.client_secret is not None:
        secret = settings.client_secret.reveal()
    else:
        source = settings.source("client_secret_file")
        secret = _read_file(settings.client_secret_file, "client_secret_file", source)
    note = short_secret_note(secret)
    return Signer(str(settings.client_id), secret, now), [note] if note else []


def _read_file(path: Path | None, name: str, source: str) -> str:
    try:
        return read_secret(path.read_text(encoding="utf-8") if path else "").reveal()
    except OSError as bad:
        said = describe_path(path, may_be_secret=True)
        problem = f"cannot read the file that it names, {said}: {bad.strerror}. It takes a path, not a secret"
    except ValueError:
        problem = f"{describe_path(path)} is empty, no text, or holds a placeholder"
    raise ConfigError(f"kore_{name} (from {source}): {problem}", name=name, source=source)
