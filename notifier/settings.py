"""The settings of an installation: one TOML file, read strictly, every mistake said with its place.

    [site]            url, domain, signature, link_hours
    [manners]         quiet, workdays_only
    [office]          how messages are gathered, sent and tried again
    [budgets]         how many text messages may go, and where to
    [operators]       people, unmask
    [channels.NAME]   kind, and what that kind of channel needs
    [words]           the organisation's own words

No secret stands in the file: `env:NAME` or `file:PATH` says where one is found.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from workflow.definition.yaml import nearest
from workflow.errors import BadValue, DubanError, UsageError
from workflow.text import Text

from .addresses import quiet_of
from .channels import KINDS, Room, room

DEFAULT: Final = "duban.toml"  # in the folder in which duban is called
_MOST_BYTES: Final = 1_000_000
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_SECRET = re.compile(r"(?:^|_)(?:password|secret|token|key|credential)s?$")
_A_TABLE = Text("应为一节", "expected a table")
_ELSEWHERE = re.compile(r"(?:env|file):.+", re.DOTALL)


class SettingsError(UsageError):
    """Settings that can't be used. `problems` lists everything that is wrong with them."""

    def __init__(self, file: Path, problems: tuple[Text, ...]) -> None:
        super().__init__(
            f"设置文件 {file} 不能用：" + "；".join(one.zh for one in problems) + "。请改正后再启动。",
            f"The settings {file} can't be used: "
            + "; ".join(one.en for one in problems)
            + ". Correct them, then start again.",
        )
        self.problems = problems


class Strict(BaseModel):
    """A table of the file: no word that isn't known, no text for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Wrong(ValueError):
    """What is wrong with a value, in both languages: for validators."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


def _told(read: Callable[[str], Any]) -> Callable[[str], str]:
    """A reader of the command line as a validator."""

    def check(typed: str) -> str:
        try:
            read(typed)
        except BadValue as error:
            raise Wrong(error.text) from error
        return typed

    return check


def _url(typed: str) -> str:
    found = urlsplit(typed)
    local = found.hostname in ("localhost", "127.0.0.1", "::1")
    right = found.scheme == "https" or (found.scheme == "http" and local)
    if not right or not found.hostname or found.query or found.fragment or found.username:
        raise Wrong(
            Text(
                "应为 https:// 开头的网址，不带参数和账号（仅本机可用 http://）",
                "expected an address that begins with https://, without a query or an account (http:// on "
                "this machine only)",
            )
        )
    return typed.rstrip("/")


def _domain(typed: str) -> str:
    if not _DOMAIN.fullmatch(typed):
        raise Wrong(Text("应为域名，如 duban.example.org", "expected a domain, such as duban.example.org"))
    return typed


def _signature(typed: str) -> str:
    if len(typed) > 20 or re.search(r"[【】\[\]\x00-\x1f]", typed):
        raise Wrong(
            Text("应为至多 20 字，不写方括号", "expected 20 characters at most, without their brackets")
        )
    return typed


class SiteTable(Strict):
    """`[site]`: what messages need of the installation."""

    url: Annotated[str, AfterValidator(_url)] | None = None  # of the console; without: no links
    domain: Annotated[str, AfterValidator(_domain)] | None = None  # in Message-IDs; else the url's
    signature: Annotated[str, AfterValidator(_signature)] = ""  # of text messages, without brackets
    link_hours: int = Field(default=72, ge=1, le=720)  # how long an action link can be used


class MannersTable(Strict):
    """`[manners]`: where a person says nothing."""

    quiet: Annotated[str, AfterValidator(_told(quiet_of))] = "21:00-07:30"
    workdays_only: bool = False


class OfficeTable(Strict):
    """`[office]`: how messages are gathered, sent, and tried again."""


class BudgetsTable(Strict):
    """`[budgets]`: how many messages may go."""


class OperatorsTable(Strict):
    """`[operators]`: who looks after the notifier."""

    people: list[str] = Field(default_factory=list)  # codes: reports go to them
    unmask: bool = False  # whether addresses may be shown in full; each time is noted


class WordTable(Strict):
    """A word in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the file says."""

    file: Path
    site: SiteTable = field(default_factory=SiteTable)
    manners: MannersTable = field(default_factory=MannersTable)
    operators: OperatorsTable = field(default_factory=OperatorsTable)
    office: OfficeTable = field(default_factory=OfficeTable)
    budgets: BudgetsTable = field(default_factory=BudgetsTable)
    channels: Mapping[str, BaseModel] = field(default_factory=dict)
    words: Mapping[str, Text] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """The domain of Message-IDs."""
        host = urlsplit(self.site.url).hostname if self.site.url else None
        return self.site.domain or host or "duban.invalid"


def read_settings(file: Path) -> Settings:
    """Read and check a settings file.

    Raises:
        SettingsError: with everything that is wrong, each at its place.
    """
    data = _toml(file)
    problems = [*_tables_known(data)]
    read: dict[str, Any] = {}
    for name, model in _TABLES.items():
        found, wrong = _table(model, data.get(name, {}), f"[{name}]")
        problems += wrong
        read[name] = found
    channels, wrong = _channels(data.get("channels", {}))
    words, more = _words(data.get("words", {}))
    problems += [*wrong, *more]
    if problems:
        raise SettingsError(file, tuple(problems))
    return Settings(file=file, **read, channels=MappingProxyType(channels), words=MappingProxyType(words))


_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "site": SiteTable,
    "manners": MannersTable,
    "office": OfficeTable,
    "budgets": BudgetsTable,
    "operators": OperatorsTable,
}


def _toml(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            body = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise _unreadable(file, Text(f"读不到（{why}）", f"it can't be read ({why})")) from error
    if len(body) > _MOST_BYTES:
        raise _unreadable(file, Text("大于 1 MB", "it is larger than 1 MB"))
    try:
        return tomllib.loads(body.decode())
    except UnicodeDecodeError as error:
        raise _unreadable(file, Text("不是 UTF-8 文本", "it is no UTF-8 text")) from error
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(file, Text(f"不是 TOML（{error}）", f"it is no TOML ({error})")) from error
    except RecursionError as error:
        raise _unreadable(file, Text("嵌套过深", "it is nested too deeply")) from error


def _unreadable(file: Path, why: Text) -> SettingsError:
    return SettingsError(file, (why,))


def _tables_known(data: Mapping[str, Any]) -> Iterator[Text]:
    known = [*_TABLES, "channels", "words"]
    for name, value in data.items():
        if name not in known:
            yield _unknown_word(Text("整个文件", "the file"), name, known)
        elif not isinstance(value, dict):
            yield _at(f"[{name}]", _A_TABLE)


def _table(model: type[BaseModel], value: Any, place: str) -> tuple[BaseModel | None, list[Text]]:
    """A table as its model, or what is wrong with it."""
    if not isinstance(value, dict):
        return None, []  # said by whoever looked at the tables
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, [_problem(model, dict(one), place) for one in error.errors(include_url=False)]


def _channels(found: Any) -> tuple[dict[str, BaseModel], list[Text]]:
    channels: dict[str, BaseModel] = {}
    problems: list[Text] = []
    for name, table in found.items() if isinstance(found, dict) else ():
        place = f"[channels.{name}]"
        if not isinstance(table, dict):
            problems.append(_at(place, _A_TABLE))
            continue
        found_room, wrong = _room(name, table, place)
        wrong += _literal_secrets(table, place)
        if found_room is not None:
            channel, more = _table(found_room.settings, table, place)
            wrong += more
            if channel is not None and not wrong:
                channels[name] = channel
        problems += wrong
    return channels, problems


def _room(name: str, table: Mapping[str, Any], place: str) -> tuple[Room | None, list[Text]]:
    wrong: list[Text] = []
    if not _NAME.fullmatch(name):
        told = Text(
            "通道名只用小写字母、数字、横线、下划线，字母开头",
            "a channel's name takes lower-case letters, digits, hyphens, underscores, a letter first",
        )
        wrong.append(_at(place, told))
    kind = table.get("kind")
    if kind is None:
        missing = Text(
            f"缺少 kind，应为 {'、'.join(KINDS)} 之一", f"kind is missing: one of {', '.join(KINDS)}"
        )
        return None, [*wrong, _at(place, missing)]
    if kind not in KINDS:
        return None, [*wrong, _unknown_word(Text(f"{place} 的 kind", f"{place} kind"), str(kind), KINDS)]
    return room(kind), wrong


def _literal_secrets(table: Mapping[str, Any], place: str) -> list[Text]:
    """Secrets that stand in the file: whoever may read the settings would have them."""
    named = [(key, value) for key, value in table.items() if _SECRET.search(key)]
    named += [
        (f"{key}.{one}", value)
        for key, found in named
        if isinstance(found, dict)
        for one, value in found.items()
    ]
    told = Text(
        "密钥不能写在设置文件里：请写 env:变量名 或 file:路径",
        "a secret must not stand in the settings: write env:NAME or file:PATH",
    )
    return [
        _at(f"{place} {key}", told)
        for key, value in named
        if isinstance(value, str) and value and not _ELSEWHERE.fullmatch(value)
    ]


def _words(found: Any) -> tuple[dict[str, Text], list[Text]]:
    """The organisation's own words, in one language for both or in each."""
    words: dict[str, Text] = {}
    problems: list[Text] = []
    for name, value in found.items() if isinstance(found, dict) else ():
        if isinstance(value, str):
            words[name] = Text(value, value)
            continue
        one, wrong = _table(WordTable, value, f"[words] {name}")
        if isinstance(one, WordTable):
            words[name] = Text(one.zh, one.en)
        elif not isinstance(value, dict):
            wrong = [_at(f"[words] {name}", Text("应为文本，或 {zh, en}", "expected a text, or {zh, en}"))]
        problems += wrong
    return words, problems


# --- what is wrong, in words ------------------------------------------------------------------------


def _at(place: str, told: Text) -> Text:
    return Text(f"{place}：{told.zh}", f"{place}: {told.en}")


def _unknown_word(where: Text, word: str, known: Collection[str]) -> Text:
    near = nearest(word, known)
    if near:
        return Text(
            f"{where.zh}：不认识“{word}”，是否为 {near}",
            f"{where.en}: {word!r} is unknown; did you mean {near}",
        )
    listed = sorted(known)
    return Text(
        f"{where.zh}：不认识“{word}”，可用 {'、'.join(listed)}",
        f"{where.en}: {word!r} is unknown; there are {', '.join(listed)}",
    )


def _problem(model: type[BaseModel], error: Mapping[str, Any], place: str) -> Text:
    """One finding of pydantic at its place. Values are not repeated: they may be secrets."""
    path = [str(one) for one in error["loc"]]
    if error["type"] == "extra_forbidden":
        where = " ".join([place, *path[:-1]])
        return _unknown_word(Text(where, where), path[-1], _fields(model, error["loc"][:-1]))
    where = f"{place} {'.'.join(path)}".rstrip()
    return _at(where, _expected(error))


def _fields(model: type[BaseModel], path: Sequence[Any]) -> Collection[str]:
    """The words that are known at a place."""
    here: Any = model
    for step in path:
        field_ = getattr(here, "model_fields", {}).get(step)
        here = next(_models_in(field_.annotation), None) if field_ is not None else here
    return list(getattr(here, "model_fields", {}))


def _models_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models_in(one)


_EXPECTED: Final[Mapping[str, Text]] = {
    "missing": Text("缺少此项", "it is missing"),
    "string_type": Text("应为文本", "expected a text"),
    "bool_type": Text("应为 true 或 false", "expected true or false"),
    "bool_parsing": Text("应为 true 或 false", "expected true or false"),
    "int_type": Text("应为整数", "expected a whole number"),
    "int_parsing": Text("应为整数", "expected a whole number"),
    "int_from_float": Text("应为整数", "expected a whole number"),
    "float_type": Text("应为数", "expected a number"),
    "float_parsing": Text("应为数", "expected a number"),
    "list_type": Text("应为数组", "expected an array"),
    "tuple_type": Text("应为数组", "expected an array"),
    "dict_type": _A_TABLE,
    "model_type": _A_TABLE,
    "path_type": Text("应为路径", "expected a path"),
    "greater_than": Text("应大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": Text("不能小于 {ge}", "must be {ge} or more"),
    "less_than": Text("应小于 {lt}", "must be less than {lt}"),
    "less_than_equal": Text("不能大于 {le}", "must be {le} or less"),
    "string_too_short": Text("至少 {min_length} 个字符", "needs {min_length} characters or more"),
    "string_too_long": Text("至多 {max_length} 个字符", "takes {max_length} characters at most"),
    "string_pattern_mismatch": Text("写法应符合 {pattern}", "must be written as {pattern}"),
    "literal_error": Text("应为 {expected} 之一", "expected {expected}"),
}


def _expected(error: Mapping[str, Any]) -> Text:
    context = error.get("ctx", {})
    own = context.get("error")
    if isinstance(own, Wrong):
        return own.why
    if isinstance(own, DubanError):
        return own.text
    if own is not None:
        en, separator, zh = str(own).partition(" · ")  # as the rooms write both languages
        return Text(zh if separator else en, en)
    if error["type"] in _EXPECTED:
        told = _EXPECTED[error["type"]]
        return Text(told.zh.format(**context), told.en.format(**context))
    return Text(f"不能接受（{error['msg']}）", f"it can't be taken ({error['msg']})")
