"""What an organisation sets for its channels of text messages. Secrets are named, never written out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..secrets import SecretName

Seconds = Annotated[float, Field(gt=0, le=600)]


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
    pattern: str | None = None  # a regular expression that is found in the body
    path: str | None = Field(default=None, pattern=r"^[\w-]+(\.[\w-]+)*$")  # a.b.0.c in a JSON body …
    values: tuple[str, ...] = ()  # … whose value, as text, is one of these

    @model_validator(mode="after")
    def _whole(self) -> Answer:
        if bool(self.path) != bool(self.values):
            raise ValueError("`path` and `values` go together · `path` 与 `values` 须同时给出")
        return self


class ReceiptSettings(BaseModel):
    """Where a gateway's report of delivery says what. Fields are names in the query, or paths in JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str  # the field with the id of the message
    status: str  # the field with what became of it
    delivered: tuple[str, ...]  # its values, as text
    bounced: tuple[str, ...]
    code: str | None = None  # a field with the gateway's own code
    poll: str | None = Field(default=None, pattern=r"^https?://")  # asked for a JSON list of reports
    items: str | None = None  # the path of that list; left out: the answer itself is the list


class GatewaySettings(TextSettings):
    """A gateway that takes texts by HTTP.

    Templates may hold {to} {text} {from} {id} {segments} {ucs2} and the names of `secrets`; a brace is
    written twice. In `url` and `query` values are percent-encoded, in a JSON body escaped for JSON, in
    a form body percent-encoded; header values may hold no line ends.
    """

    kind: Literal["http"] = "http"
    method: Literal["GET", "POST", "PUT"] = "POST"
    url: str = Field(pattern=r"^https?://")
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    form: dict[str, str] | None = None  # body as application/x-www-form-urlencoded
    json_body: str | None = None  # body as application/json: a template of JSON text
    body: str | None = None  # any other body, values unescaped; its type stands in `headers`
    secrets: dict[str, SecretName] = Field(default_factory=dict)  # name -> where it lies
    sender: str = ""  # {from}
    number: Literal["e164", "digits", "national"] = "e164"  # how {to} is written
    unicode_only: bool = False  # the gateway counts and sends everything as UCS-2
    certificates: str | None = None  # a PEM file of authorities to trust instead of the usual ones
    success: Answer = Answer(status=(200, 201, 202))
    refused: Answer = Answer()
    later: Answer = Answer(status=(429, 500, 502, 503, 504))
    unauthorised: Answer = Answer(status=(401, 403))
    reference_pattern: str | None = None  # a regular expression with one group
    reference_path: str | None = None  # or a path in a JSON answer
    receipt: ReceiptSettings | None = None

    @model_validator(mode="after")
    def _one_body(self) -> GatewaySettings:
        if sum(one is not None for one in (self.form, self.json_body, self.body)) > 1:
            raise ValueError("only one of form, json_body, body · form、json_body、body 只能给一个")
        return self


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


class AliyunSettings(CloudSettings):
    """An account at Aliyun's short message service."""

    kind: Literal["aliyun"] = "aliyun"
    access_key_id: SecretName
    access_key_secret: SecretName
    region: str = "cn-hangzhou"


class TencentSettings(CloudSettings):
    """An account at Tencent Cloud's short message service."""

    kind: Literal["tencent"] = "tencent"
    secret_id: SecretName
    secret_key: SecretName
    app: str = Field(min_length=1)  # SmsSdkAppId
    region: str = "ap-guangzhou"
