"""The emulator of another process, driven over its loopback control path."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .control import Controls

if TYPE_CHECKING:
    from typing_extensions import Self

_TIMEOUT = 10.0  # seconds; the other end is on this machine
_BAD_REQUEST = 400


class RemoteEmulator(Controls):
    """Drive an emulator that another process started; same attributes and methods.

    Args:
        url: Its base address.
        control_key: The key of its control path.
        identity: The rest of the handle: ``stream_id``, ``client_id``, ``client_secret``, ``user_email``.
    """

    def __init__(self, url: str, control_key: str, **identity: str) -> None:
        self._url = url
        self._key = control_key
        self.stream_id: str = identity.get("stream_id", "")
        self.client_id: str = identity.get("client_id", "")
        self.client_secret: str = identity.get("client_secret", "")
        self.user_email: str = identity.get("user_email", "")

    @property
    def url(self) -> str:
        """Return the base address."""
        return self._url

    def start(self) -> Self:
        """Do nothing: its owner started it."""
        return self

    def stop(self) -> None:
        """Do nothing: its owner stops it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self) -> dict[str, str]:
        """Return plain strings with which another process can attach to the same emulator."""
        names = ("url", "stream_id", "client_id", "client_secret", "user_email")
        return {**{name: getattr(self, name) for name in names}, "control_key": self._key}

    def _call(self, command: str, **arguments: object) -> object:
        try:
            body = json.dumps(arguments, default=list)
        except TypeError:
            raise ValueError(f"{command}: only plain data travels to the emulator's process") from None
        status, answer = self._post(command, body)
        if status == _BAD_REQUEST:
            raise ValueError(answer["error"])
        if "result" not in answer:
            raise RuntimeError(f"the emulator at {self._url} refuses to be driven (HTTP {status})")
        return answer["result"]

    def _post(self, command: str, body: str) -> tuple[int, dict[str, object]]:
        # http.client on purpose: it knows no proxies and no .netrc.
        address = urlsplit(self._url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
        headers = {"X-Kore-Emulator-Key": self._key, "Content-Type": "application/json"}
        try:
            connection.request("POST", f"/__emulator__/{command}", body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
