"""Read who signed a certificate, also where Python shows nothing of one that it does not trust."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

_SEQUENCE, _VERSION = 0x30, 0xA0
_NAMES = {b"\x55\x04\x0a": "organisation", b"\x55\x04\x03": "name"}
"""Object ids in DER (RFC 5280, appendix A): organizationName, commonName."""

_LONG = 0x80
_WIDE = 0x1E
"""The tag of BMPString, which is UTF-16."""


def issuer_of(der: bytes) -> str:
    """Return who signed a certificate, as ``ORGANISATION, NAME``; empty when it cannot be read.

    Args:
        der: The certificate.
    """
    try:
        return _read_issuer(der)
    except (IndexError, ValueError):
        return ""


def _read_issuer(der: bytes) -> str:
    certificate = _children(der)[0][1]
    fields = _children(_children(certificate)[0][1])
    if fields[0][0] == _VERSION:
        fields = fields[1:]
    issuer = fields[2][1]  # behind serial number and signature algorithm (RFC 5280, 4.1)
    found: dict[str, str] = {}
    for _, part in _children(issuer):
        for _, attribute in _children(part):
            (_, oid), (tag, value) = _children(attribute)[:2]
            if kind := _NAMES.get(oid):
                found[kind] = value.decode("utf-16-be" if tag == _WIDE else "utf-8", "replace")
    return ", ".join(found[kind] for kind in _NAMES.values() if kind in found)


def _children(data: bytes) -> list[tuple[int, bytes]]:
    """Return the tags and contents of the DER elements that stand in some bytes."""
    found, at = [], 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & _LONG:
            width = size - _LONG
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        if at + size > len(data):
            raise ValueError("an element is cut off")
        found.append((tag, data[at : at + size]))
        at += size
    return found


def unverified_issuer(connected: socket.socket, host: str) -> str:
    """Return who signed the certificate of a server that TLS does not trust; nothing is sent to it.

    Args:
        connected: A connection to the server.
        host: Its name.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with context.wrap_socket(connected, server_hostname=host) as tls:
            return issuer_of(tls.getpeercert(binary_form=True) or b"")
    except (OSError, ValueError):
        return ""
