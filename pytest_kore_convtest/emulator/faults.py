"""Answers that are none: what a fault word of a script does to a request."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from .replies import RefusalError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from .script import Word

_LOGIN_PAGE = "https://login.invalid/sso?return=kore"
_GARBAGE = b'\x00\xff\xfe{"status": SUCC\x80'
_DEPTH = 100_000
_MEBIBYTE = 1024 * 1024
_HTML = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
_GATEWAY = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"

# What the platform says with a status of its own accord; documented where a source has it. Other
# statuses come with their plain name: the platform is not known to send them, a gateway may.
_MESSAGES = {
    401: ("Invalid SDK credentials", 4002),
    405: ("Method Not Allowed", 405),
    412: ("Validation errors/ Invalid arguments", 412),
    429: ("You've exceeded the per-minute rate limit. Please wait for sometime before retrying.", 429),
    500: ("Internal Server Error", 500),
    504: ("The request has been timed-out", 504),
}
# A 400 says which thing is unknown, so it depends on what was asked.
_UNKNOWN = {
    "upload": "Invalid file",
    "import": "Invalid file id",
    "import-status": "Invalid request ID",
    "run": "Test Suite not found",
    "run-status": "Test Result not found.",
    "delete": "Test Suite not found",
}
# These come from the load balancer before the platform, which speaks HTML.
_GATEWAY_TEXTS = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable"}


def respond(word: Word, endpoint: str, ordinary: Callable[[], Reply]) -> Reply:
    """Return what a fault word answers.

    Args:
        word: The word; an HTTP status or a fault.
        endpoint: What was asked; a refusal speaks of that.
        ordinary: What would have been answered. Asked only by the words that answer late (``slow``, ``drip``,
            ``truncated``) or do the work and lose the answer (``lost``).
    """
    if word.is_http:
        return _http(word, endpoint).marked(word.name)
    return _WORDS[word.name](word, ordinary).marked(word.name)


def _http(word: Word, endpoint: str) -> Reply:
    status = int(word.name)
    retry_after = word.options.get("retry_after")
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    if status in _GATEWAY_TEXTS and "msg" not in word.options:
        page = _GATEWAY.format(_GATEWAY_TEXTS[status]).encode()
        return Reply(status, page, "text/html", headers)
    if status in (204, 304):
        return Reply(status, b"", "", headers)
    message, code = _MESSAGES.get(status, (_plain_name(status), status))
    message = _UNKNOWN.get(endpoint, message) if status == HTTPStatus.BAD_REQUEST else message
    code = int(word.number("code", code))
    return RefusalError(status, word.options.get("msg", message), code, retry_after).reply()


def _plain_name(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _redirect(word: Word, _: Callable[[], Reply]) -> Reply:
    location = word.options.get("to", _LOGIN_PAGE)
    return Reply(302, b"", "", (("Location", location),))


def _lost(word: Word, ordinary: Callable[[], Reply]) -> Reply:
    return ordinary().marked(word.name, manner="close")


def _slow(word: Word, ordinary: Callable[[], Reply]) -> Reply:
    return ordinary().marked(word.name, delay=word.number("seconds", 1.0))


def _drip(word: Word, ordinary: Callable[[], Reply]) -> Reply:
    return ordinary().marked(word.name, manner="drip", delay=word.number("seconds", 1.0))


def _truncated(word: Word, ordinary: Callable[[], Reply]) -> Reply:
    return ordinary().marked(word.name, manner="truncated")


def _huge(word: Word, _: Callable[[], Reply]) -> Reply:
    size = int(word.number("megabytes", 64) * _MEBIBYTE)
    return Reply(200, b'{"padding":"' + b"x" * size + b'"}')


_WORDS: dict[str, Callable[[Word, Callable[[], Reply]], Reply]] = {
    "reset": lambda _word, _ordinary: Reply(manner="reset"),
    "close": lambda _word, _ordinary: Reply(manner="close"),
    "lost": _lost,
    "html": lambda _word, _ordinary: Reply(200, _HTML, "text/html; charset=utf-8"),
    "empty": lambda _word, _ordinary: Reply(200, b""),
    "garbage": lambda _word, _ordinary: Reply(200, _GARBAGE),
    "deep": lambda _word, _ordinary: Reply(200, b"[" * _DEPTH + b"]" * _DEPTH),
    "huge": _huge,
    "truncated": _truncated,
    "redirect": _redirect,
    "slow": _slow,
    "drip": _drip,
}
