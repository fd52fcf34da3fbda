"""The settings of an installation: one TOML file, read strictly, every mistake said with its place.

    [site]            url, domain, signature, link_hours
    [manners]         quiet, workdays_only
    [office]          how messages are gathered, sent and tried again
    [evidence]        bucket, endpoint, prefix, access_key, secret_key: files in a bucket, not in a folder
    [console]         https, organisation, proxies, access_days, metrics_token: how the web is served
    [oidc]            issuer, client_id, client_secret, claim, name: where people sign in elsewhere
    [budgets.NAME]    how many messages of a channel may go on a day
    [operators]       people, unmask
    [channels.NAME]   kind, and what that kind of channel needs
    [words]           the organisation's own words

No secret stands in the file: `env:NAME` or `file:PATH` says where one is found.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from workflow.errors import BadValue, DubanError, UsageError
from workflow.text import Text

from .addresses import quiet_of
from .channels import KINDS, Room, room
from .mistakes import A_TABLE, Wrong, at, problem, unknown_word
from .retention import KEPT_DAYS
from .secrets import SecretName
from .wording import BadWording, Wording

DEFAULT: Final = "duban.toml"  # in the folder in which duban is called
_MOST_BYTES: Final = 1_000_000
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_SECRET = re.compile(r"(?:^|_)(?:password|secret|token|key|credential)s?$")
_ELSEWHERE = re.compile(r"(?:env|file):.+", re.DOTALL)


_Model = TypeVar("_Model", bound=BaseModel)


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


def _issuer(typed: str) -> str:
    _url(typed)
    return typed  # letter by letter as its tokens name it, a slash at the end too


def _domain(typed: str) -> str:
    if not _DOMAIN.fullmatch(typed):
        raise Wrong(Text("应为域名，如 duban.example.org", "expected a domain, such as duban.example.org"))
    return typed


def _proxy(typed: str) -> str:
    try:
        return str(ip_address(typed))
    except ValueError:
        raise Wrong(Text("应为 IP 地址，如 127.0.0.1", "expected an IP address, such as 127.0.0.1")) from None


def _organisation(typed: str) -> str:
    if len(typed) > 60 or not typed.isprintable():
        raise Wrong(Text("应为一行至多 60 字", "expected one line of 60 characters at most"))
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


class PaceTable(Strict):
    """`[office.paces.NAME]`: how fast a channel is used."""

    rate: float = Field(default=20.0, gt=0, le=10_000)  # messages a second, on average
    burst: int = Field(default=40, ge=1, le=100_000)  # messages at once after a pause
    concurrency: int = Field(default=4, ge=1, le=64)  # sessions at a time
    receipts_seconds: int = Field(default=30, ge=1, le=86_400)  # between two looks for receipts


class OfficeTable(Strict):
    """`[office]`: how messages are gathered, sent, and tried again."""

    gather_minutes: int = Field(default=5, ge=0, le=1_440)  # notices to one person become one message
    retry_seconds: int = Field(default=30, ge=1, le=86_400)  # before the second try; doubled from then on
    longest_retry_minutes: int = Field(default=120, ge=1, le=1_440)  # no pause is longer
    tries: int = Field(default=12, ge=1, le=100)  # after so many a message is given up
    life_hours: int = Field(default=48, ge=1, le=720)  # after so long as well
    report_minutes: int = Field(default=60, ge=1, le=1_440)  # no two reports are nearer to each other
    kept_days: int = Field(default=KEPT_DAYS, ge=7, le=3_650)  # then words and addresses are forgotten
    paces: dict[str, PaceTable] = Field(default_factory=dict)


Count = Annotated[int, Field(ge=0)]


class BudgetTable(Strict):
    """`[budgets.NAME]`: how many messages of a channel may go on a day; 0 stops it."""

    number: Count | None = None  # to one address
    template: Count | None = None  # of one class of message
    unit: Count | None = None  # about one unit
    day: Count | None = None  # in all


class OperatorsTable(Strict):
    """`[operators]`: who looks after the notifier."""

    people: list[str] = Field(default_factory=list)  # codes: reports go to them
    unmask: bool = False  # whether addresses may be shown in full; each time is noted


class EvidenceTable(Strict):
    """`[evidence]`: a bucket in which files of evidence lie; without one they lie in a folder."""

    bucket: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    endpoint: Annotated[str, AfterValidator(_url)] | None = None  # of a service that speaks S3; else AWS
    prefix: str = Field(default="", pattern=r"^([a-z0-9_-]+/)*$")  # before the names in the bucket
    access_key: SecretName | None = None  # both: where they lie; neither: as the machine is set up
    secret_key: SecretName | None = None


class WordTable(Strict):
    """A word in both languages."""

    zh: str
    en: str


class ConsoleTable(Strict):
    """`[console]`: how the web is served; the command line's options win."""

    https: bool = False  # whether people reach it by HTTPS, through a proxy
    organisation: Annotated[str, AfterValidator(_organisation)] = ""  # shown at the top of each page
    # Of proxies: what they say of a caller's address is believed.
    proxies: list[Annotated[str, AfterValidator(_proxy)]] = Field(default_factory=list)
    access_days: int = Field(default=365, ge=184, le=3_650)  # of logs; six calendar months at least
    metrics_token: SecretName | None = None  # by which other machines read /metrics


class OidcTable(Strict):
    """`[oidc]`: where the organisation signs its people in (OpenID Connect); empty: nowhere."""

    issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    client_id: str = Field(default="", max_length=200)  # what we are called there
    client_secret: SecretName | None = None  # without: a public client
    claim: str = Field(default="sub", pattern=r"^[A-Za-z_][A-Za-z0-9_:./-]{0,99}$")  # who somebody is
    name: WordTable | None = None  # what people know it by


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the file says."""

    file: Path
    site: SiteTable = field(default_factory=SiteTable)
    manners: MannersTable = field(default_factory=MannersTable)
    operators: OperatorsTable = field(default_factory=OperatorsTable)
    office: OfficeTable = field(default_factory=OfficeTable)
    evidence: EvidenceTable = field(default_factory=EvidenceTable)
    console: ConsoleTable = field(default_factory=ConsoleTable)
    oidc: OidcTable = field(default_factory=OidcTable)
    budgets: Mapping[str, BudgetTable] = field(default_factory=dict)
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
    budgets, more = _each(BudgetTable, data.get("budgets", {}), "budgets")
    words, others = _words(data.get("words", {}))
    problems += [*wrong, *more, *others, *_names_known(data, channels, read["office"])]
    problems += _oidc_whole(read["oidc"], read["site"])
    if problems:
        raise SettingsError(file, tuple(problems))
    return Settings(file=file, **read, channels=channels, budgets=budgets, words=words)


_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "site": SiteTable,
    "manners": MannersTable,
    "office": OfficeTable,
    "operators": OperatorsTable,
    "evidence": EvidenceTable,
    "console": ConsoleTable,
    "oidc": OidcTable,
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
    known = [*_TABLES, "budgets", "channels", "words"]
    for name, value in data.items():
        if name not in known:
            yield unknown_word(Text("整个文件", "the file"), name, known)
        elif not isinstance(value, dict):
            yield at(f"[{name}]", A_TABLE)


def _table(model: type[_Model], value: Any, place: str) -> tuple[_Model | None, list[Text]]:
    """A table as its model, or what is wrong with it."""
    if not isinstance(value, dict):
        return None, []  # said by whoever looked at the tables
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, [problem(model, dict(one), place) for one in error.errors(include_url=False)]
    except DubanError as error:  # of a room's own validator
        return None, [at(place, Text(error.text.zh.rstrip("。"), error.text.en.rstrip(".")))]


def _each(model: type[_Model], found: Any, name: str) -> tuple[dict[str, _Model], list[Text]]:
    """A table of tables, by their names."""
    tables: dict[str, _Model] = {}
    problems: list[Text] = []
    for key, value in found.items() if isinstance(found, dict) else ():
        if not isinstance(value, dict):
            problems.append(at(f"[{name}.{key}]", A_TABLE))
            continue
        one, wrong = _table(model, value, f"[{name}.{key}]")
        problems += wrong
        if one is not None:
            tables[key] = one
    return tables, problems


def _names_known(data: Mapping[str, Any], channels: Mapping[str, Any], office: Any) -> Iterator[Text]:
    """Paces and budgets are of channels that are there."""
    named = data.get("channels", {})
    known = [*named] if isinstance(named, dict) else [*channels]
    budgets = data.get("budgets", {})
    for place, names in {
        "budgets": budgets if isinstance(budgets, dict) else {},
        "office.paces": office.paces if office is not None else {},
    }.items():
        yield from (
            unknown_word(Text(f"[{place}]", f"[{place}]"), one, known) for one in names if one not in known
        )


def _oidc_whole(oidc: OidcTable | None, site: SiteTable | None) -> Iterator[Text]:
    """Who vouches, as whom we ask, and where people come back to: all of it or nothing."""
    if oidc is None or site is None or oidc == OidcTable():
        return
    for name, there in (("issuer", oidc.issuer), ("client_id", oidc.client_id)):
        if not there:
            yield at("[oidc]", Text(f"缺少 {name}", f"{name} is missing"))
    if site.url is None:
        yield at(
            "[oidc]", Text("还须在 [site] 写明本站网址 url", "it needs the address of this site, [site] url")
        )


def _channels(found: Any) -> tuple[dict[str, BaseModel], list[Text]]:
    channels: dict[str, BaseModel] = {}
    problems: list[Text] = []
    for name, table in found.items() if isinstance(found, dict) else ():
        place = f"[channels.{name}]"
        if not isinstance(table, dict):
            problems.append(at(place, A_TABLE))
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
        wrong.append(at(place, told))
    kind = table.get("kind")
    if kind is None:
        missing = Text(
            f"缺少 kind，应为 {'、'.join(KINDS)} 之一", f"kind is missing: one of {', '.join(KINDS)}"
        )
        return None, [*wrong, at(place, missing)]
    if kind not in KINDS:
        return None, [*wrong, unknown_word(Text(f"{place} 的 kind", f"{place} kind"), str(kind), KINDS)]
    try:
        return room(kind), wrong
    except ImportError as error:
        told = Text(
            f"{kind} 通道所需的程序库 {error.name} 未安装，请安装 duban[{kind}]",
            f"the library {error.name} that a channel of kind {kind} needs is missing: install duban[{kind}]",
        )
        return None, [*wrong, at(place, told)]


def _literal_secrets(table: Mapping[str, Any], place: str) -> list[Text]:
    """Secrets that stand in the file: whoever may read the settings would have them."""
    told = Text(
        "密钥不能写在设置文件里：请写 env:变量名 或 file:路径",
        "a secret must not stand in the settings: write env:NAME or file:PATH",
    )
    return [
        at(f"{place} {key}", told)
        for key, value in secrets_in(table)
        if value and not _ELSEWHERE.fullmatch(value)
    ]


def secrets_in(table: Mapping[str, Any], *, inside: bool = False) -> Iterator[tuple[str, str]]:
    """What is a secret by its name, however deep it stands: `dkim.key`, `secrets.token`."""
    for key, value in table.items():
        named = inside or _SECRET.search(key) is not None
        if isinstance(value, Mapping):
            yield from ((f"{key}.{below}", one) for below, one in secrets_in(value, inside=named))
        elif named and isinstance(value, str):
            yield key, value


def _words(found: Any) -> tuple[dict[str, Text], list[Text]]:
    """The organisation's own words, in one language for both or in each; `a.b = …` is the word `a.b`."""
    words: dict[str, Text] = {}
    problems: list[Text] = []
    for name, value in _leaves(found if isinstance(found, dict) else {}):
        if isinstance(value, str):
            words[name] = Text(value, value)
            continue
        one, wrong = _table(WordTable, value, f"[words] {name}")
        if one is not None:
            words[name] = Text(one.zh, one.en)
        elif not isinstance(value, dict):
            wrong = [at(f"[words] {name}", Text("应为文本，或 {zh, en}", "expected a text, or {zh, en}"))]
        problems += wrong
    return words, problems or _unusable(words)


def _unusable(words: Mapping[str, Text]) -> list[Text]:
    """Words that nobody asks for, or with placeholders that nobody fills."""
    try:
        Wording(words)
    except BadWording as error:
        told = [one.to_text() for one in error.problems]
        return [at("[words]", Text(_bare(one.zh, "。"), _bare(one.en, "."))) for one in told]
    return []


def _bare(told: str, stop: str) -> str:
    return told.removeprefix("words: ").rstrip(stop)


def _leaves(table: Mapping[str, Any], inside: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and value and not value.keys() & {"zh", "en"}:
            yield from _leaves(value, f"{inside}{key}.")
        else:
            yield f"{inside}{key}", value
