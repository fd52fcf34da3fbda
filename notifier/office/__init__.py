"""The office: takes what the engine left, gathers it by person, writes it, sends it, keeps what came of it."""

from __future__ import annotations

from .core import Office, OfficeRan, Writer

__all__ = ["Office", "OfficeRan", "Writer"]
