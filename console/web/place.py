"""What the console works with; put together by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from workflow.clock import Clock
from workflow.doctor import Finding
from workflow.engine import Engine, Frame
from workflow.evidence import EvidenceStore
from workflow.store import Transaction

from ..accounts import Door, Lasting, Passwords
from ..accounts.oidc import Provider
from ..books import Books
from ..demonstration import Demonstration
from ..limits import Limits, Pace
from ..messages import Messages


def _tries() -> Limits:
    return Limits(Pace(at_once=30, every=2_000))


def _ballots() -> Limits:
    return Limits(Pace(at_once=200, every=200))


def _callers() -> Limits:
    return Limits(Pace(at_once=60, every=10_000))


def _logins() -> Limits:
    return Limits(Pace(at_once=15, every=60_000))


def _known() -> Limits:
    return Limits(Pace(at_once=10, every=600_000))


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the console shows itself."""

    https: bool = False  # whether people reach it by https: cookies are then sent over nothing else
    organisation: str = ""  # whose installation it is
    lasting: Lasting = field(default_factory=Lasting)
    largest_file: int = 20 * 1024 * 1024  # bytes of one uploaded file
    most_files: int = 10  # uploaded at once
    largest_form: int = 60 * 1024 * 1024  # bytes, files included
    proxies: frozenset[str] = frozenset()  # addresses whose X-Forwarded-For is believed
    kept_days: int = 365  # of the logs of accounts and of access
    metrics_token: str = ""  # by which other machines may read /metrics; empty: only this one may


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
    provider: Provider | None = None  # where the organisation signs its people in, if it does
    folder: EvidenceStore | None = None  # where evidence lies; without one no files are taken
    # How many messages are in each state; None: nothing sends any here.
    deliveries: Callable[[Transaction], Mapping[str, int]] | None = None
    # What is wrong or odd beside the engine, with messages for one.
    findings: Callable[[Frame], Iterator[Finding]] = lambda _frame: iter(())
    callers: Limits = field(default_factory=_callers)  # who sign in, by address: a house may share one
    logins: Limits = field(default_factory=_logins)  # that are tried, whether there are such or not
    known: Limits = field(default_factory=_known)  # the same, from browsers in which they were signed in
    tries: Limits = field(default_factory=_tries)  # of codes and links that lead nowhere, by address
    ballots: Limits = field(default_factory=_ballots)  # by address: a hall of people may share one
    books: Books | None = None  # workbooks; None: there are none here
    demonstration: Demonstration | None = None  # if everything here is invented
    bulletins: Bulletins | None = None  # without it none are shown
    messages: Messages | None = None  # whoever sends them; None: no settings say how

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
