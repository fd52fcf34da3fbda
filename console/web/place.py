"""What the console works with; put together by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from workflow.clock import Clock
from workflow.engine import Engine, Frame
from workflow.evidence import Folder

from ..accounts import Door, Lasting, Passwords


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the console shows itself."""

    https: bool = False  # whether people reach it by https: cookies are then sent over nothing else
    organisation: str = ""  # whose installation it is
    lasting: Lasting = field(default_factory=Lasting)
    largest_file: int = 20 * 1024 * 1024  # bytes of one uploaded file
    most_files: int = 10  # uploaded at once
    largest_form: int = 60 * 1024 * 1024  # bytes, files included


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulletin:
    """A bulletin that was drawn up, as it was frozen."""

    name: str
    file: str  # its name as a download
    made_at: int  # ms
    sha256: str  # of its bytes, hex


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulletins:
    """Where bulletins are kept: what there is of a campaign (by its name), and one with its bytes."""

    listed: Callable[[Frame, str], Sequence[Bulletin]]
    named: Callable[[Frame, str, str], tuple[Bulletin, bytes]]  # raises Unknown, HistoryBroken


@dataclass(frozen=True, kw_only=True)
class Place:
    """The engine, the clock, chance, and who may come in."""

    engine: Engine
    clock: Clock
    randomness: Callable[[int], bytes]  # so many random bytes
    settings: Settings = field(default_factory=Settings)
    passwords: Passwords = field(default_factory=Passwords)
    bulletins: Bulletins | None = None  # without it none are shown
    folder: Folder | None = None  # where evidence lies; without one no files are taken

    @property
    def door(self) -> Door:
        """Lets people in, and out."""
        return Door(self.engine.port, self.passwords, self.settings.lasting)

    @property
    def now(self) -> int:
        """The database's time where it decides, else the machine's, in ms."""
        told = self.engine.port.now()
        return self.clock.now() if told is None else told

    @contextmanager
    def frame(self) -> Iterator[Frame]:
        """A transaction that only reads."""
        now = self.now
        with self.engine.port.read() as tx:
            yield self.engine.library.frame(tx, now)

    def token(self) -> str:
        """256 random bits, fit for a cookie or a form."""
        return self.randomness(32).hex()
