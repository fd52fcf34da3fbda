"""The one place that reads the time, and the judgement whether it can be believed.

Instants are whole milliseconds since the epoch (DESIGN §6). Beside the wall clock, which people and
time servers set, stands the boot clock, which only ever runs forward and goes on during suspend.
Comparing the two tells a clock that was set from time that passed:

    at start    now < last event                   held        the past would be lived twice
                now > last event, over 30 days     held        the clock is wrong, or the outage a case
                now > last event                   downtime    what was slept through is caught up
    each tick   the wall went back                 held        nothing may happen a second time
                the wall ran ahead of the boot     held        a deadline must not fire because
                clock by more than 10 minutes                  somebody set the clock
"""

from __future__ import annotations

import ctypes
import sys
import time
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal, Protocol

from .errors import UsageError
from .text import Text

LONGEST_DOWNTIME: Final = 30 * 86_400_000
"""Milliseconds a system may have been down and still go on by itself."""

LARGEST_JUMP: Final = 10 * 60_000
"""Milliseconds the wall clock may run ahead of the boot clock before firing is held."""


# ---------------------------------------------------------------- clocks


class Clock(Protocol):
    """Whoever can tell the time. Only the shells of loops hold one; everything else takes `now`."""

    def now(self) -> int:
        """Milliseconds since the epoch, by the wall clock."""

    def boot(self) -> int:
        """Milliseconds since some fixed moment, by a clock that nobody sets and suspend doesn't stop."""


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def boot(self) -> int:
        """Milliseconds since this machine started, suspend included where the system can tell (Linux)."""
        return _boot_ns() // 1_000_000


def _boot_ns() -> int:
    """CLOCK_BOOTTIME, for CLOCK_MONOTONIC stands still during suspend: waking would look like a jump."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)


class VirtualClock:
    """A clock that moves only when told: simulations, replays, tests. Safe to share between threads."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._boot = 0
        self._lock = Lock()

    def now(self) -> int:
        """Milliseconds since the epoch, as last set."""
        return self._now

    def boot(self) -> int:
        """Milliseconds of ordinary passing time since this clock was made."""
        return self._boot

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass, for the wall and the boot clock alike."""
        with self._lock:
            self._pass_to(self._now + ms)

    def set(self, ms: int, *, step_back: bool = False) -> None:
        """Let time pass until `ms`; with `step_back`, set the wall clock back as a person would.

        Raises UsageError when `ms` lies in the past and `step_back` wasn't asked for: a simulation
        that runs backwards by mistake proves nothing.
        """
        with self._lock:
            if step_back and ms < self._now:
                self._now = ms
            else:
                self._pass_to(ms)

    def jump(self, ms: int) -> None:
        """Set the wall clock `ms` milliseconds ahead while the boot clock stays: a wrong time server."""
        with self._lock:
            self._refuse_backwards(self._now + ms)
            self._now += ms

    def _pass_to(self, ms: int) -> None:
        self._refuse_backwards(ms)
        self._boot += ms - self._now
        self._now = ms

    def _refuse_backwards(self, ms: int) -> None:
        if ms < self._now:
            raise UsageError(
                f"虚拟时钟不能从 {self._now} 倒拨到 {ms}：时间只能向前；确要测试回拨，请写明 step_back。",
                f"The virtual clock was not set back from {self._now} to {ms}: time runs forward only; "
                f"to test a step back, ask for it with step_back.",
            )


# ---------------------------------------------------------------- judgement


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Both clocks, read one right after the other."""

    now: int
    """Wall clock, milliseconds since the epoch."""
    boot: int
    """Boot clock, milliseconds."""

    @classmethod
    def of(cls, clock: Clock) -> Reading:
        """Both clocks of `clock`. The boot clock first: a pause between the two looks like a jump
        ahead, which is held, and never like a step back that was not there."""
        boot = clock.boot()
        return cls(now=clock.now(), boot=boot)


Outcome = Literal["fine", "downtime", "warned", "held"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the clock can be believed. Made by its named constructors only."""

    outcome: Outcome
    """`held`: nothing fires until a person agrees. `downtime` and `warned` go on, and say so."""
    gap: int
    """Milliseconds by which time was away, ahead or back; never negative."""
    reason: Text | None
    """What was found, what follows and what to do; None when all is well."""

    @property
    def holds(self) -> bool:
        """Whether firing waits for a person."""
        return self.outcome == "held"

    @classmethod
    def fine(cls) -> Verdict:
        """Time passed as it does."""
        return cls(outcome="fine", gap=0, reason=None)

    @classmethod
    def downtime(cls, gap: int) -> Verdict:
        """The system was away for a while: what was due meanwhile is caught up, marked late."""
        text = _GAP_DOWNTIME.fill(zh=span(gap).zh, en=span(gap).en)
        return cls(outcome="downtime", gap=gap, reason=text)

    @classmethod
    def away_too_long(cls, gap: int) -> Verdict:
        """Away for more than 30 days, or a clock that is far ahead: a person decides which."""
        return cls._held(gap, _GAP_TOO_LONG)

    @classmethod
    def before_last_event(cls, gap: int) -> Verdict:
        """The clock is earlier than what history already recorded."""
        return cls._held(gap, _GAP_EARLIER)

    @classmethod
    def jumped_ahead(cls, gap: int) -> Verdict:
        """While running, the wall clock left the boot clock behind."""
        return cls._held(gap, _GAP_JUMP)

    @classmethod
    def stepped_back(cls, gap: int) -> Verdict:
        """While running, the wall clock went back."""
        return cls._held(gap, _GAP_BACK)

    @classmethod
    def unsynchronised(cls, *, hold: bool) -> Verdict:
        """The kernel says that nobody disciplines its clock; `hold` is the setting's wish."""
        if hold:
            return cls(outcome="held", gap=0, reason=_UNSYNCHRONISED_HELD)
        return cls(outcome="warned", gap=0, reason=_UNSYNCHRONISED)

    @classmethod
    def _held(cls, gap: int, reason: Text) -> Verdict:
        return cls(outcome="held", gap=gap, reason=reason.fill(zh=span(gap).zh, en=span(gap).en))


_GAP_DOWNTIME = Text(
    "系统停机 {zh}；停机期间到期的事项现在补办，并注明迟办。",
    "The system was down for {en}; what fell due meanwhile is acted on now and marked late.",
)
_GAP_TOO_LONG = Text(
    "暂停一切自动办理：现在比最后一条留痕晚 {zh}，超过 30 天，可能是时钟有误。"
    "请核对系统时间；无误则由管理员放行。",
    "All firing is held: it is {en} after the last event, more than 30 days, and the clock may be wrong. "
    "Check the system time; if it is right, an administrator lets the firing go on.",
)
_GAP_EARLIER = Text(
    "暂停一切自动办理：系统时间比最后一条留痕早 {zh}，继续会重复办理。请校正时钟，或由管理员确认后放行。",
    "All firing is held: the system time is {en} before the last event, and going on would repeat what "
    "has happened. Correct the clock, or have an administrator agree.",
)
_GAP_JUMP = Text(
    "暂停一切自动办理：系统时间突然快了 {zh}，超过 10 分钟。请核对系统时间；无误则由管理员放行。",
    "All firing is held: the system time jumped ahead by {en}, more than 10 minutes. Check the system "
    "time; if it is right, an administrator lets the firing go on.",
)
_GAP_BACK = Text(
    "暂停一切自动办理：系统时间被回拨 {zh}，已办事项不会重办。请校正时钟，或由管理员确认后放行。",
    "All firing is held: the system time was set back by {en}; nothing is done a second time. Correct the "
    "clock, or have an administrator agree.",
)
_UNSYNCHRONISED = Text(
    "警告：内核报告时钟未与时间服务器同步，期限可能不准。请检查时间同步服务（chrony、ntpd）。",
    "Warning: the kernel reports a clock that is not synchronised, so deadlines may be off. Check the "
    "time service (chrony, ntpd).",
)
_UNSYNCHRONISED_HELD = Text(
    "暂停一切自动办理：内核报告时钟未与时间服务器同步，而设置要求同步。"
    "请检查时间同步服务（chrony、ntpd），或由管理员放行。",
    "All firing is held: the kernel reports a clock that is not synchronised, and the settings ask for "
    "one that is. Check the time service (chrony, ntpd), or have an administrator agree.",
)


def judge_start(now: int, last_event: int | None) -> Verdict:
    """What the pause since the last event was, when the daemon starts (DESIGN §6).

    Both in milliseconds since the epoch; `last_event` is None while there is no history. Exactly 30
    days are still downtime.
    """
    if last_event is None or now == last_event:
        return Verdict.fine()
    if now < last_event:
        return Verdict.before_last_event(last_event - now)
    gap = now - last_event
    return Verdict.away_too_long(gap) if gap > LONGEST_DOWNTIME else Verdict.downtime(gap)


def judge_tick(before: Reading, after: Reading, agreed: Reading | None = None) -> Verdict:
    """Whether time passed between two readings of one run, or was set (DESIGN §6).

    `agreed` is the reading at the start of the run, or when a person last let it go on. A jump is
    measured from there: measured from tick to tick, ten steps of nine minutes would pass unseen.
    Exactly 10 minutes ahead are still fine. A wall clock that falls behind without going back repeats
    nothing, so it is fine.
    """
    if after.now < before.now:
        return Verdict.stepped_back(before.now - after.now)
    since = agreed or before
    ahead = (after.now - since.now) - (after.boot - since.boot)
    return Verdict.jumped_ahead(ahead) if ahead > LARGEST_JUMP else Verdict.fine()


def judge_kernel(synchronised: bool | None, *, hold: bool) -> Verdict:
    """What the kernel's word about its clock means; `hold` says whether the settings insist on it."""
    return Verdict.unsynchronised(hold=hold) if synchronised is False else Verdict.fine()


_SPAN_UNITS = ((86_400_000, "天", "d"), (3_600_000, "小时", "h"), (60_000, "分钟", "min"), (1_000, "秒", "s"))


def span(ms: int) -> Text:
    """A length of time in its two largest units, rounded down: 31 天 4 小时, 31 d 4 h."""
    for index, (size, _, _) in enumerate(_SPAN_UNITS):
        if ms >= size:
            return _two_units(ms, index)
    return Text(f"{ms} 毫秒", f"{ms} ms")


def _two_units(ms: int, index: int) -> Text:
    zh: list[str] = []
    en: list[str] = []
    for size, chinese, english in _SPAN_UNITS[index : index + 2]:
        count, ms = divmod(ms, size)
        if count:
            zh.append(f"{count} {chinese}")
            en.append(f"{count} {english}")
    return Text(" ".join(zh), " ".join(en))


# ---------------------------------------------------------------- the kernel's word

_TIME_ERROR: Final = 5
_STA_UNSYNC: Final = 0x40


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)); the rest only has to be large enough."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_synchronised() -> bool | None:
    """Whether the kernel says that its clock is disciplined by a time server; None if it can't tell.

    Only asks: `modes` 0 changes nothing and needs no rights. Not Linux, or forbidden in a container:
    None.
    """
    if not sys.platform.startswith("linux"):
        return None
    timex = _Timex(modes=0)
    try:
        state = int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    return state != _TIME_ERROR and not timex.status & _STA_UNSYNC
