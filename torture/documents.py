"""What a server may say: documents of the platform, and how they are packed."""

from __future__ import annotations

import gzip
import json
import zlib
from functools import lru_cache

from e2e.socket_server import http

JOB, STREAM, SUITE, RUN = "ds-11111111", "st-22222222", "greetings", "ctr-44444444"
FILE = "f-55555555"

CHECKS = {"text": {"enabled": True, "contains": [{"text": "Hello"}]}}
STORED = {
    "_id": "ctc-33333333",
    "name": SUITE,
    "streamId": STREAM,
    "tags": [],
    "testSteps": [{"input": "Hi", "outputs": [{"text": "Hello", "nodeId": "", "assertions": CHECKS}]}],
}


def document(status="IN_PROGRESS", percent=40, **more):
    """Return a status document as bytes."""
    said = {"_id": JOB, "streamId": STREAM, "status": status, "percentageComplete": percent}
    said["jobType"] = "CONVERSATION_TESTING_VALIDATE"
    if status.upper() == "SUCCESS":
        said["response"] = STORED
    said.update(more)
    return json.dumps({key: value for key, value in said.items() if value is not ...}).encode()


DONE_DOCUMENT = document("SUCCESS", 100)
FOREIGN_DOCUMENT = document("SUCCESS", 100, _id="ds-99999999")


def envelope(message, code=4002):
    """Return the platform's error envelope."""
    return json.dumps({"errors": [{"msg": message, "code": code}]}).encode()


def chunked(*chunks, end=b"0\r\n\r\n", headers=()):
    """Return a chunked answer."""
    head = http(200, b"", "Transfer-Encoding: chunked", *headers, length=False)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def packed(data, *headers):
    """Return a gzip answer."""
    return http(200, gzip.compress(data), "Content-Encoding: gzip", *headers)


def raw(status_line, body=None):
    """Return an answer with a status line of its own."""
    body = document() if body is None else body
    return status_line + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@lru_cache(maxsize=1)
def gibibyte_of_gzip():
    """Return a gibibyte of blanks as a mebibyte of gzip, without ever holding it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * (1 << 20)
    first = squeeze.compress(block) + squeeze.flush(zlib.Z_FULL_FLUSH)
    again = squeeze.compress(block) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return first + again * 1023 + squeeze.flush()


@lru_cache(maxsize=1)
def mebibyte_of_gzip():
    """Return 300 MiB of JSON as gzip of less than a mebibyte."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b'{"a":1},' * (1 << 17)
    first = squeeze.compress(b"[") + squeeze.flush(zlib.Z_FULL_FLUSH)
    again = squeeze.compress(block) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return first + again * 300


@lru_cache(maxsize=1)
def many_values():
    """Return a status document of 28 MiB with ten million empty lists in it."""
    return document()[:-1] + b', "x": [' + b"[]," * 9_500_000 + b"1]}"
