"""What the settings page shows of an installation, and what it asks of whatever sends messages.

The console knows no notifier: who starts both hands one of these over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from workflow.doctor import Finding
from workflow.engine import Frame
from workflow.text import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting as it stands. Never a secret."""

    label: Text
    value: Text
    place: str  # where in the file it is changed


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """A channel, and whether anything is sent on it."""

    name: str
    waiting: int  # messages
    paused: bool
    why: Text | None
    by: str | None


class Messenger(Protocol):
    """What sends messages, as far as a page needs it."""

    @property
    def file(self) -> str | None:
        """The settings file; None where there is none: then nothing is sent."""

    def settings(self) -> Sequence[Setting]:
        """Quiet hours and budgets as they stand."""

    def switches(self, frame: Frame) -> Sequence[Switch]:
        """Every channel."""

    def findings(self, frame: Frame) -> Iterator[Finding]:
        """What is wrong or odd with messages."""

    def stop(self, channel: str, who: str, why: str, now: int) -> None:
        """Send nothing on a channel until somebody lets it go on."""

    def go_on(self, channel: str, who: str, now: int) -> None:
        """Send on it again."""
