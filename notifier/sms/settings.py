"""What an organisation sets for its channels of text messages. Secrets are named, never written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from ..placeholders import check_template
from ..secrets import SecretName

PLACEHOLDERS: Final = frozenset({"to", "text", "from", "id", "segments", "coding"})
"""What a gateway's templates may hold, beside secrets. `coding` is 0 for GSM 03.38, 2 for UCS-2."""


def texts_of(tree: JsonValue) -> Iterator[str]:
    """All texts among the values of a tree."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, (dict, list)):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from texts_of(branch)


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{error} · 正则表达式有误") from None
    return pattern


Seconds = Annotated[float, Field(gt=0, le=600)]
Pattern = Annotated[str, AfterValidator(_compiles)]
Path = Annotated[str, Field(pattern=r"^[\w-]+(\.[\w-]+)*$")]


class TextSettings(BaseModel):
    """What every channel of text messages has."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    signature: str | None = Field(default=None, max_length=20)  # within 【】; left out: the site's
    country: str = Field(default="86", pattern=r"^[1-9]\d{0,2}$")  # of numbers written without one
    most_segments: int = Field(default=3, ge=1, le=10)  # a text is cut so that it needs no more
    timeout: Seconds = 20  # for each answer of the peer


class SmppSettings(TextSettings):
    """An account at a message centre that speaks SMPP 3.4."""

    kind: Literal["smpp"] = "smpp"
    host: str = Field(min_length=1)
    port: int = Field(default=2775, ge=1, le=65535)
    tls: bool = False  # certificate and host name are checked
    certificates: str | None = None  # a PEM file of authorities to trust instead of the system's
    system_id: str = Field(min_length=1, max_length=15, pattern=r"^[!-~]+$")
    password: SecretName | None = None  # at most 8 characters (SMPP 3.4)
    system_type: str = Field(default="", max_length=12, pattern=r"^[ -~]*$")
    bind: Literal["transceiver", "separate"] = "transceiver"  # separate: one to send, one for receipts
    sender: str = Field(default="", max_length=20, pattern=r"^[ -~]*$")  # source address; empty: theirs
    sender_ton: int = Field(default=0, ge=0, le=6)
    sender_npi: int = Field(default=0, ge=0, le=18)
    receiver_ton: int = Field(default=1, ge=0, le=6)  # 1: international
    receiver_npi: int = Field(default=1, ge=0, le=18)  # 1: E.164
    unicode_only: bool = False  # for centres whose default alphabet isn't GSM 03.38
    idle: Seconds = 30  # after so long the link is asked whether it is there (enquire_link)
    receipt_wait: Seconds = 1  # receipts are read until none has come for so long
    receipt_ids: Literal["same", "decimal", "hex"] = "same"  # how receipts write ids, if not as answers do


class Answer(BaseModel):
    """Which answers of a gateway mean the same. All that is given must fit; nothing given fits nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: tuple[int, ...] = ()  # HTTP status codes
    pattern: Pattern | None = None  # a regular expression that is found in the body
    path: Path | None = None  # a.b.0.c in a JSON body …
    values: tuple[str, ...] = ()  # … whose value, as text, is one of these

    @model_validator(mode="after")
    def _whole(self) -> Answer:
        if bool(self.path) != bool(self.values):
            raise ValueError("`path` and `values` go together · `path` 与 `values` 须同时给出")
        return self


class ReceiptSettings(BaseModel):
    """Where a gateway's report says what. Fields are names of a query, or paths in JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: Path  # the field with the id of the message
    status: Path  # the field with what became of it
    delivered: tuple[str, ...] = Field(min_length=1)  # its values, as text; all others: under way
    bounced: tuple[str, ...] = ()
    code: Path | None = None  # a field with the gateway's own code
    poll: str | None = Field(default=None, pattern=r"^https?://")  # a template: asked for a JSON list
    items: Path | None = None  # the path of that list; left out: the answer itself is the list


class CallbackSettings(BaseModel):
    """How a peer that calls us shows who it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: SecretName  # at least 16 characters that nobody guesses
    header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")  # left out: the address ends with it


class GatewaySettings(TextSettings):
    """A gateway that takes texts by HTTP.

    Texts of `url`, `query`, `headers`, `form`, `json_body` and `body` are templates: they may hold
    {to} {text} {from} {id} {segments} {coding} and the names of `secrets`; a brace is written twice.
    What is filled in is escaped for where it stands.
    """

    kind: Literal["http"] = "http"
    method: Literal["GET", "POST", "PUT"] = "POST"
    url: str = Field(pattern=r"^https?://")
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)  # no {text}: a header can't carry it
    form: dict[str, str] | None = None  # a body of application/x-www-form-urlencoded
    json_body: dict[str, JsonValue] | None = None  # a body of application/json
    body: str | None = None  # any other body, in UTF-8, filled in as it is; its type is in `headers`
    secrets: dict[str, SecretName] = Field(default_factory=dict)  # name -> where it lies
    sender: str = ""  # {from}
    number: Literal["e164", "digits", "national"] = "e164"  # how {to} is written
    unicode_only: bool = False  # the gateway counts and sends everything as UCS-2
    certificates: str | None = None  # a PEM file of authorities to trust instead of the usual ones
    success: Answer  # what fits none of the four is in doubt if it is 2xx or 5xx, else tried later
    refused: Answer = Answer()
    later: Answer = Answer(status=(429, 503))
    unauthorised: Answer = Answer(status=(401, 403))
    reference_pattern: Pattern | None = None  # with one group; without this and the next: {id}
    reference_path: Path | None = None  # a path in a JSON answer
    receipt: ReceiptSettings | None = None
    callback: CallbackSettings | None = None  # its reports come to us; needs `receipt`
    callback_answer: str = Field(default="OK", max_length=200)  # what it expects to read when all was kept

    @model_validator(mode="after")
    def _fits_together(self) -> GatewaySettings:
        if sum(one is not None for one in (self.form, self.json_body, self.body)) > 1:
            raise ValueError("only one of form, json_body, body · form、json_body、body 只能给一个")
        if self.callback is not None and self.receipt is None:
            raise ValueError("callback needs receipt, to read reports · callback 须与 receipt 一同给出")
        if self.success == Answer():
            raise ValueError("success says nothing · success 未写明什么算成功")
        if self.reference_pattern and re.compile(self.reference_pattern).groups != 1:
            raise ValueError("reference_pattern needs one group · reference_pattern 须恰有一个分组")
        known = {*PLACEHOLDERS, *self.secrets}
        for template, allowed in self._templates(known):
            check_template(template, allowed)
        return self

    def _templates(self, known: set[str]) -> Iterator[tuple[str, set[str]]]:
        for template in (self.url, *self.query.values(), *(self.form or {}).values(), self.body or ""):
            yield template, known
        for template in texts_of(self.json_body):
            yield template, known
        for template in self.headers.values():
            yield template, known - {"text"}
        yield (self.receipt and self.receipt.poll) or "", set(self.secrets)


class CloudTemplate(BaseModel):
    """A template that the provider has approved."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    params: tuple[str, ...] = ()  # names out of the content's values, in the order of the template


class CloudSettings(TextSettings):
    """What both clouds need. `templates` is looked up by the content's template name."""

    templates: dict[str, CloudTemplate]
    endpoint: str | None = None  # host and port instead of the provider's usual one
    plain_http: bool = False  # only towards this machine: tests, a local relay
    callback: CallbackSettings | None = None  # its reports come to us


class AliyunSettings(CloudSettings):
    """An account at Aliyun's short message service."""

    kind: Literal["aliyun"] = "aliyun"
    access_key_id: SecretName
    access_key_secret: SecretName


class TencentSettings(CloudSettings):
    """An account at Tencent Cloud's short message service."""

    kind: Literal["tencent"] = "tencent"
    secret_id: SecretName
    secret_key: SecretName
    app: str = Field(min_length=1)  # SmsSdkAppId
    data_centre: str = "ap-guangzhou"  # as Tencent names them
