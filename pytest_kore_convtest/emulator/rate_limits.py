"""The platform's rolling request limits."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from .replies import RefusalError

_MINUTE = 60.0
_HOUR = 3600.0
_TEXT = "You've exceeded the {} rate limit. Please wait for sometime before retrying."


@dataclass
class Limiter:
    """Count the requests of each bucket over the last minute and the last hour."""

    _buckets: dict[str, deque[float]] = field(default_factory=dict)

    def count(self, bucket: str, now: float, limits: tuple[int, int], *, retry_after: bool) -> None:
        """Let one request of a bucket through, or refuse it (a refused one does not count).

        Args:
            bucket: The stream id for writes, the job's id for status requests.
            now: Seconds.
            limits: Requests per minute and per hour.
            retry_after: Whether a refusal says how many seconds to wait.

        Raises:
            RefusalError: 429.
        """
        times = self._buckets.setdefault(bucket, deque())
        while times and times[0] <= now - _HOUR:
            times.popleft()
        for allowed, window, name in ((limits[1], _HOUR, "hourly"), (limits[0], _MINUTE, "per-minute")):
            if len(times) >= allowed and times[-allowed] > now - window:
                wait = max(1, math.ceil(times[-allowed] + window - now))
                raise RefusalError(429, _TEXT.format(name), retry_after=str(wait) if retry_after else None)
        times.append(now)
