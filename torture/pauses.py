"""What a server may want with ``Retry-After``: seconds, dates, nonsense."""

from __future__ import annotations

from e2e.socket_server import http

from torture.acts import answer, dated
from torture.cases import DONE, RUNNING, Case, ends


def pause_cases(status):
    """Return the cases of a status."""

    def slow(header, *more):
        return answer(http(status, b"", f"Retry-After: {header}", *more))

    group, error = "Retry-After", "RateLimitedError" if status == 429 else "UnreachableError"
    what = f"HTTP {status}, Retry-After:"
    long = ("requests to wait", "longer than this wait can last")
    return [
        Case(f"{what} 1", group, [slow("1"), RUNNING, DONE], pause=(0, 1.0)),
        Case(f"{what} 1, inside a wait", group, [RUNNING, slow("1"), RUNNING, DONE], pause=(1, 1.0)),
        Case(f"{what} a date in 2 s, by the server's clock", group, [dated(status, "Retry-After", 2), DONE],
             pause=(0, 1.0)),
        Case(f"{what} a date in the past", group, [dated(status, "Retry-After", -60), RUNNING, DONE]),
        *[
            Case(f"{what} {header or '(empty)'}", group, [slow(header), RUNNING, DONE])
            for header in ("0", "-5", "soon", "", "1.5", "nan", "1e9", "Wed, 99 Foo 2026 99:99:99 GMT")
        ],
        ends(f"{what} 3600, longer than the wait", [slow("3600")], error, long, group, most=1, within=1.0),
        ends(f"{what} 3600, inside a wait", [RUNNING, slow("3600")], error, long, group, most=2, within=1.0),
        ends(f"{what} a number of 5 000 digits", [slow("9" * 5_000)], error, long, group, most=1, within=1.0),
        ends(f"{what} a date in a day", [dated(status, "Retry-After", 86400)], error, long, group, most=1,
              within=1.0),
    ]  # fmt: skip
