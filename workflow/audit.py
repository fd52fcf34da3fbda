"""The history of a task as a chain of hashes: how a line is written, and how a chain is checked.

    genesis ──► line 1 ──► line 2 ──► … ──► line n  ==  the task's head
                  │
                  ├─ header        ids, codes, numbers, instants: no personal data, kept for ever
                  └─ commitments   one hash per value; beside the line lie salt + value, erasable

Every line carries H(algorithm, format, previous, header, commitments). Names, reasons and free text
never enter the hash themselves, only their salted commitments do: salt and value may be erased
later (Personal Information Protection Law, art. 47) and the chain still verifies. Both preimages
are RFC 8785 canonical JSON arrays that begin with their purpose, so that no commitment can ever be
passed off as a link. `docs/history-format.md` holds the format and its test vectors, for whoever
wants to check a ledger without this program.

What a chain alone can't show: that all of it was rewritten together with its head (checkpoints
outside the machine show that), and whether a value that is gone was allowed to go (an erasure must
leave an event of its own, to compare with).

Pure: no database, no clock, no randomness (salts are drawn by the caller).
"""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, Protocol, cast

import orjson
import rfc8785

from .errors import BadValue, UsageError
from .text import Text

FORMAT: Final = 1
"""The layout of both preimages. A change of a single byte of them is a new format."""

SHA256: Final = "sha256"
SM3: Final = "sm3"

SIZE: Final = 32
"""Bytes of a hash; alike for both algorithms, so that the columns are too."""

SALT_SIZE: Final = 16
"""Bytes of a salt: 128 bits, so that a short value (a name, a yes) can't be guessed from a hash."""

FIRST: Final = 1
"""The `seq` of a task's first line."""

GENESIS: Final = bytes(SIZE)
"""What the first line names as its previous, and the head of a chain without lines."""

TASK: Final = "task"
SEQ: Final = "seq"
"""The two keys every header must have: without them a line could be moved to another place."""


# --- canonical JSON ---------------------------------------------------------------------------

# STRICT_INTEGER refuses what a double can't hold (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER

# Exact types: a subclass may bring its own ideas of what it looks like in JSON.
_ATOMS: Final = frozenset((str, int, bool, type(None)))


def canonical(value: object) -> bytes:
    """The one spelling of `value` in JSON (RFC 8785), as UTF-8.

    Written by orjson where that provably gives the same bytes, else by `rfc8785`. Nothing is
    normalised: the same word composed differently (NFC, NFD) stays different.

    Raises BadValue for what JSON can't carry: NaN and infinities, integers beyond ±(2^53-1), lone
    surrogates, keys that are not strings, other types, nesting too deep.
    """
    try:
        if _orjson_agrees(value):
            return orjson.dumps(value, option=_OPTIONS)
        return rfc8785.dumps(cast(Any, value))
    except (ValueError, TypeError, RecursionError) as error:
        raise _not_json(error) from error


def flat_bytes(mapping: Mapping[str, object]) -> bytes:
    """`canonical` of a mapping, made for the flat ASCII headers that a sweep writes in bulk.

    Instead of walking the mapping it looks at the set of its types, and at the result: all-ASCII
    output has ASCII keys, and these sort alike by UTF-8 and by UTF-16. Everything else goes the
    long way, so this is safe for any header. Raises BadValue.
    """
    if all(map(_plain, mapping.values())):
        try:
            written = orjson.dumps(mapping, option=_OPTIONS)
        except TypeError:
            return canonical(dict(mapping))
        if written.isascii():
            return written
    return canonical(dict(mapping))


def _plain(value: object) -> bool:
    """An atom, or a list of atoms: who was told, what was opened."""
    kind = type(value)
    if kind is list:
        return _ATOMS.issuperset(map(type, cast(list[object], value)))
    return kind in _ATOMS


def _orjson_agrees(value: object) -> bool:
    """Whether orjson writes this as RFC 8785 wants it.

    Not for floats (orjson writes 1.0, the RFC 1), nor for keys beyond ASCII: the RFC sorts by
    UTF-16 units (§3.2.3), orjson by UTF-8 bytes, and these differ once a key leaves the BMP.
    """
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind is dict:
        members = cast(dict[object, object], value)
        return all(map(_ascii_key, members)) and all(map(_orjson_agrees, members.values()))
    if kind is list or kind is tuple:
        return all(map(_orjson_agrees, cast(Iterable[object], value)))
    return False


def _ascii_key(key: object) -> bool:
    return type(key) is str and key.isascii()


def _not_json(error: Exception) -> BadValue:
    return BadValue(
        f"这个值无法记入留痕：规范 JSON（RFC 8785）不能表示它（{error}）。"
        "请改用文字、±(2^53-1) 以内的整数、有限小数、列表或以文字为键的映射。",
        f"This value can't enter the history: canonical JSON (RFC 8785) can't carry it ({error}). "
        "Use text, integers within ±(2^53-1), finite numbers, lists, or mappings with text keys.",
    )


# --- algorithms -------------------------------------------------------------------------------


class _Hash(Protocol):
    def digest(self) -> bytes: ...


def _sm3(data: bytes) -> _Hash:
    """GB/T 32905-2016, from OpenSSL: Python has none of its own."""
    try:
        return hashlib.new(SM3, data)
    except ValueError as error:
        raise UsageError(
            "无法计算 SM3：本机 Python 所用的 OpenSSL 不含 SM3（GB/T 32905-2016）。"
            "请换用含 SM3 的 OpenSSL（1.1.1 及以上、未裁剪），新库也可改用 sha256。",
            "SM3 can't be computed: the OpenSSL of this Python lacks it (GB/T 32905-2016). "
            "Use an OpenSSL that has it (1.1.1 or newer, not cut down); a new database may use "
            "sha256 instead.",
        ) from error


ALGORITHMS: Final[Mapping[str, Callable[[bytes], _Hash]]] = MappingProxyType(
    {SHA256: hashlib.sha256, SM3: _sm3}  # SHA-256: FIPS 180-4
)
"""By the name that enters the preimage: a line can't be re-read under another algorithm."""


def digest(algorithm: str, data: bytes) -> bytes:
    """The hash of `data`, 32 bytes. Raises UsageError if there is no such algorithm here."""
    chosen = ALGORITHMS.get(algorithm)
    if chosen is None:
        raise UsageError(
            f"没有名为“{algorithm}”的留痕算法，可用：{'、'.join(ALGORITHMS)}。",
            f"There is no history algorithm {algorithm!r}; choose one of: {', '.join(ALGORITHMS)}.",
        )
    return chosen(data).digest()


# --- writing ----------------------------------------------------------------------------------


def commit(salt: bytes, name: str, value: object, algorithm: str = SHA256) -> bytes:
    """The commitment to one value, 32 bytes. Draw a new random salt for every value.

    Raises BadValue (value or salt), UsageError (algorithm).
    """
    return digest(algorithm, commit_bytes(salt, name, value, algorithm))


def commit_bytes(salt: bytes, name: str, value: object, algorithm: str = SHA256) -> bytes:
    """What `commit` hashes: ["duban value", format, algorithm, salt in hex, name, value]."""
    if type(salt) is not bytes or len(salt) != SALT_SIZE:
        raise BadValue(
            f"留痕的盐须为 {SALT_SIZE} 字节，请为每个值另取随机盐。",
            f"The salt of a value must have {SALT_SIZE} bytes; draw a random one for every value.",
        )
    return canonical(["duban value", FORMAT, algorithm, salt.hex(), name, value])


def link(
    previous: bytes,
    header: Mapping[str, object],
    commitments: Mapping[str, bytes],
    algorithm: str = SHA256,
) -> bytes:
    """The hash of one line, 32 bytes; `previous` is that of the line before, or GENESIS.

    `header` needs the keys `task` and `seq`. Raises BadValue, UsageError (algorithm).
    """
    return digest(algorithm, link_bytes(previous, header, commitments, algorithm))


def link_bytes(
    previous: bytes,
    header: Mapping[str, object],
    commitments: Mapping[str, bytes],
    algorithm: str = SHA256,
) -> bytes:
    """What `link` hashes: ["duban link", format, algorithm, previous, header, commitments].

    Spelled out around the header's bytes, because a second pass over the header would cost a sweep
    as much as the hash; a test holds it equal to `canonical` of the array.
    """
    if TASK not in header or SEQ not in header or len(previous) != SIZE:
        raise BadValue(
            f"留痕未写入：头部须含 {TASK} 与 {SEQ}，前一条的散列须为 {SIZE} 字节。",
            f"The line was not written: its header needs {TASK} and {SEQ}, "
            f"and the previous hash {SIZE} bytes.",
        )
    opening = f'["duban link",{FORMAT},"{algorithm}","{previous.hex()}",'.encode()
    # Most lines of a sweep have no values: a quarter of the whole cost, saved.
    committed = flat_bytes({n: c.hex() for n, c in commitments.items()}) if commitments else b"{}"
    return b"".join((opening, flat_bytes(header), b",", committed, b"]"))


# --- checking ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a task's history, as it was stored."""

    task_id: int
    """The task whose row the line is stored under; its header must say the same."""
    seq: int
    """1, 2, 3 … within the task, without gaps; its header must say the same."""
    header: Mapping[str, object]
    """Ids, codes, numbers, instants. No personal data: it can't be erased."""
    commitments: Mapping[str, bytes] = field(default_factory=dict)
    """Name of a value -> its commitment. They stay when the value is erased."""
    previous: bytes
    """The hash of the line before, or GENESIS."""
    hash: bytes
    """link(previous, header, commitments)."""
    algorithm: str = SHA256
    """What `hash` and `commitments` were made with; hashed along."""
    format: int = FORMAT
    """The layout of what was hashed; hashed along."""


class Value(NamedTuple):
    """One value that lies beside a line until it is erased, together with its salt."""

    salt: bytes
    value: object


Values = Mapping[int, Mapping[str, Value]]
"""The values that are still there: seq -> name -> salt and value."""

Kind = Literal["seq", "task", "format", "unreadable", "previous", "hash", "value", "uncommitted", "head"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """The first thing in a chain that does not fit."""

    kind: Kind
    """What does not fit: see the sentences in `_SENTENCES`."""
    task_id: int | None
    """The task; None if there is no line to tell."""
    seq: int
    """The line, as it is numbered; 0 if there is none."""
    name: str = ""
    """The value, for the kinds `value` and `uncommitted`."""
    text: Text
    """The sentence for a person, in both languages."""


_SENTENCES: Final[Mapping[Kind, Text]] = {
    "seq": Text(
        "事项 {task} 留痕断号：此处应为第 {expected} 条，却是第 {seq} 条（缺失、插入或调换）。",
        "Task {task}: line {expected} should stand here, but line {seq} does "
        "(one was removed, inserted or moved).",
    ),
    "task": Text(
        "事项 {task} 第 {seq} 条留痕不属于此处：其头部写的是事项 {found}。",
        "Task {task}, line {seq} doesn't belong here: its header says {found}.",
    ),
    "format": Text(
        "事项 {task} 第 {seq} 条留痕的格式或算法不为本程序所知：{found}。",
        "Task {task}, line {seq}: this program doesn't know its format or algorithm: {found}.",
    ),
    "unreadable": Text(
        "事项 {task} 第 {seq} 条留痕内容残缺，无法计算散列：{found}。",
        "Task {task}, line {seq} is damaged, its hash can't be computed: {found}.",
    ),
    "previous": Text(
        "事项 {task} 第 {seq} 条留痕与前一条不衔接：前一条被改动过，或此条被移动过。",
        "Task {task}, line {seq} doesn't follow the line before it: "
        "that one was rewritten, or this one was moved.",
    ),
    "hash": Text(
        "事项 {task} 第 {seq} 条留痕被改动过：内容与散列不符。",
        "Task {task}, line {seq} was altered: its content doesn't fit its hash.",
    ),
    "value": Text(
        "事项 {task} 第 {seq} 条留痕的“{name}”被改动过：值与承诺不符。",
        "Task {task}, line {seq}: “{name}” was altered, it doesn't fit its commitment.",
    ),
    "uncommitted": Text(
        "事项 {task} 第 {seq} 条留痕旁的“{name}”是后加的：留痕中没有它的承诺。",
        "Task {task}, line {seq}: “{name}” was added afterwards, no line is committed to it.",
    ),
    "head": Text(
        "事项 {task} 的链首与最后一条（第 {seq} 条）不符：其后的留痕被截去，或这一条被改写。",
        "Task {task}: its head isn't its last line ({seq}): "
        "lines after it were cut off, or it was rewritten.",
    ),
}


def verify_chain(lines: Iterable[Line], head: bytes, values: Values) -> Fault | None:
    """The first thing that does not fit in one task's history, or None if all of it does.

    `lines` in the order of their `seq`, from the first; `head` is the hash the last of them must
    have (GENESIS if there are none), known from elsewhere: the task's row or, better, a checkpoint
    that left the machine. `values` are those still there; what is missing counts as erased.

    Raises UsageError if the lines are in SM3 and this Python has none.
    """
    last: Line | None = None
    beside = dict(values)
    for line in lines:
        fault = (
            _misplaced(line, last)
            or _unknown_format(line)
            or _altered(line, last)
            or _altered_value(line, beside.pop(line.seq, {}))
        )
        if fault:
            return fault
        last = line
    return _cut_off(last, head) or _stray_value(last, beside)


def _misplaced(line: Line, last: Line | None) -> Fault | None:
    """Gap, repetition, wrong order, another task's line."""
    expected = last.seq + 1 if last else FIRST
    if line.seq != expected:
        return _fault("seq", line, expected=expected)
    said = (line.header.get(TASK), line.header.get(SEQ))
    if said != (line.task_id, line.seq) or (last and line.task_id != last.task_id):
        return _fault("task", line, found=said)
    return None


def _unknown_format(line: Line) -> Fault | None:
    if line.format != FORMAT or line.algorithm not in ALGORITHMS:
        return _fault("format", line, found=(line.format, line.algorithm))
    return None


def _altered(line: Line, last: Line | None) -> Fault | None:
    """The line's bytes against its hash, and its place against the line before."""
    # SQLite stores text in a BLOB column without complaint: name it, don't stumble over it.
    for stored in (line.previous, line.hash, *line.commitments.values()):
        if type(stored) is not bytes or len(stored) != SIZE:
            return _fault("unreadable", line, found=stored)
    if line.previous != (last.hash if last else GENESIS):
        return _fault("previous", line)
    try:
        fits = link(line.previous, line.header, line.commitments, line.algorithm) == line.hash
    except BadValue as error:
        return _fault("unreadable", line, found=error)
    return None if fits else _fault("hash", line)


def _altered_value(line: Line, beside: Mapping[str, Value]) -> Fault | None:
    """The values that are still there; an erased one can't be wrong."""
    for name, kept in beside.items():
        if name not in line.commitments:
            return _fault("uncommitted", line, name=name)
        if not _opens(line, name, kept):
            return _fault("value", line, name=name)
    return None


def _opens(line: Line, name: str, kept: Value) -> bool:
    try:
        return commit(kept.salt, name, kept.value, line.algorithm) == line.commitments[name]
    except BadValue:
        return False


def _cut_off(last: Line | None, head: bytes) -> Fault | None:
    if head == (last.hash if last else GENESIS):
        return None
    return _fault("head", last)


def _stray_value(last: Line | None, left: Values) -> Fault | None:
    """Values beside a line that doesn't exist."""
    for seq, beside in left.items():
        for name in beside:
            return _fault("uncommitted", last, seq=seq, name=name)
    return None


def _fault(
    kind: Kind,
    line: Line | None,
    *,
    seq: int | None = None,
    name: str = "",
    expected: int = 0,
    found: object = None,
) -> Fault:
    task_id = line.task_id if line else None
    if seq is None:
        seq = line.seq if line else 0
    # A damaged value may be of any size and shape: show a little of it.
    shown = str(found) if isinstance(found, BadValue) else reprlib.repr(found)
    text = _SENTENCES[kind].fill(
        task="?" if task_id is None else task_id, seq=seq, name=name, expected=expected, found=shown
    )
    return Fault(kind=kind, task_id=task_id, seq=seq, name=name, text=text)
