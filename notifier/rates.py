"""How fast a channel may go: a bucket that fills with time and is emptied by messages. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .office_settings import Pace


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """How many messages may leave, as of an instant."""

    tokens: float
    at: int  # ms

    @classmethod
    def full(cls, pace: Pace, now: int) -> Bucket:
        """After a pause."""
        return cls(tokens=float(pace.burst), at=now)

    def filled(self, pace: Pace, now: int) -> Bucket:
        """With what has come in since; a clock that was set back brings nothing."""
        since = max(0, now - self.at)
        return Bucket(tokens=min(float(pace.burst), self.tokens + since * pace.rate / 1000), at=now)

    def without(self, count: int) -> Bucket:
        """After so many have left."""
        return Bucket(tokens=self.tokens - count, at=self.at)
