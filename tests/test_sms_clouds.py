"""Text messages through the clouds' own SDKs, pointed at this machine: what they sign, and what answers
mean. Signatures are computed here from the published algorithms, and these computations are held
against the providers' own published examples first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
import re
import socket
import sys
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from notifier.channel import Outcome, Unwritten
from notifier.content import Content, Envelope, Parcel
from notifier.sms import aliyun, tencent
from notifier.sms.aliyun import aliyun_channel
from notifier.sms.clouds import CloudChannel
from notifier.sms.gateway import read_receipt
from notifier.sms.settings import AliyunSettings, TencentSettings
from notifier.sms.tencent import tencent_channel
from tests.http_peer import Asked, Peer, Reply, http_peer
from workflow.errors import UsageError

SECRET = "the-secret-of-a-test"
CONTENT = Content(
    language="zh",
    subject="x",
    text="x",
    phrases=("RG-12 逾期 3 天",),
    template="late",
    values={"task": "RG-12 & “督办”", "days": "3"},
)
ENVELOPE = Envelope(
    delivery_id=7,
    address="13800000000",
    name="",
    message_id="<d7.x@duban.example>",
    class_="formal",
    about="notice",
    date=0,
    zone="Asia/Shanghai",
)
TEMPLATES = {"late": {"id": "SMS_1", "params": ["task", "days"]}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_ID", "an-id")
    monkeypatch.setenv("KEY_SECRET", SECRET)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def settings(**changes: Any) -> dict[str, Any]:
    return {"signature": "督办中心", "templates": TEMPLATES, "plain_http": True, "timeout": 5, **changes}


def at_aliyun(endpoint: str, **changes: Any) -> CloudChannel:
    keys = {"access_key_id": "env:KEY_ID", "access_key_secret": "env:KEY_SECRET", "endpoint": endpoint}
    return aliyun_channel("text", AliyunSettings.model_validate(settings(**keys, **changes)))


def at_tencent(endpoint: str, **changes: Any) -> CloudChannel:
    keys = {"secret_id": "env:KEY_ID", "secret_key": "env:KEY_SECRET", "endpoint": endpoint, "app": "1400"}
    return tencent_channel("text", TencentSettings.model_validate(settings(**keys, **changes)))


CLOUDS = {"aliyun": at_aliyun, "tencent": at_tencent}


def sent(made: CloudChannel) -> Outcome:
    parcel = Parcel(
        delivery_id=7, address="13800000000", message_id="<x>", body=made.write(CONTENT, ENVELOPE)
    )
    with made.session() as send:
        return send(parcel)


def asked_of(cloud: str, reply: Reply) -> tuple[Outcome, Peer]:
    with http_peer(reply) as peer:
        return sent(CLOUDS[cloud](f"127.0.0.1:{peer.port}")), peer


# ---------------------------------------------------------------- signatures, by the published algorithms


def sha256(data: str | bytes) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def acs3(secret: str, method: str, query: dict[str, str], headers: dict[str, str], payload: str) -> str:
    """ACS3-HMAC-SHA256; `headers` are those that are signed, `payload` is its hash."""
    words = "&".join(f"{quote(key, safe='~')}={quote(query[key], safe='~')}" for key in sorted(query))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join((method, "/", words, lines, ";".join(sorted(headers)), payload))
    return mac(secret.encode(), f"ACS3-HMAC-SHA256\n{sha256(canonical)}").hex()


def tc3(secret: str, service: str, day: str, instant: str, headers: dict[str, str], body: bytes) -> str:
    """TC3-HMAC-SHA256 of a POST to /."""
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join(("POST", "/", "", lines, ";".join(sorted(headers)), sha256(body)))
    wanted = f"TC3-HMAC-SHA256\n{instant}\n{day}/{service}/tc3_request\n{sha256(canonical)}"
    key = mac(mac(mac(f"TC3{secret}".encode(), day), service), "tc3_request")
    return mac(key, wanted).hex()


def test_aliyuns_published_example() -> None:
    """Request syntax and signature method V3, section "Examples", fixed parameters."""
    query = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai",
    }  # fmt: skip
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": sha256(""),
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    assert acs3("YourAccessKeySecret", "POST", query, headers, sha256("")) == (
        "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_tencents_published_example() -> None:
    """Signature v3, the example DescribeInstances."""
    body = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    headers = {"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"}
    print(
        [
            tc3(k, "cvm", "2019-02-25", "1551113065", headers, body)
            for k in ("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3*******")
        ],
        [
            tc3(k, "cvm", "2019-02-25", "1551113065", {**headers, "x-tc-action": "describeinstances"}, body)
            for k in ("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3*******")
        ],
    )
    assert tc3("Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", "2019-02-25", "1551113065", headers, body) == (
        "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    )


def test_what_aliyun_is_asked_is_signed_as_published() -> None:
    outcome, peer = asked_of("aliyun", Reply(body=b'{"Code": "OK", "BizId": "900^0"}'))
    assert outcome == Outcome.accepted(code="OK", reference="900^0")
    [asked] = peer.asked
    query = dict(parse_qsl(urlsplit(asked.path).query))
    assert query == {
        "PhoneNumbers": "13800000000",
        "SignName": "督办中心",
        "TemplateCode": "SMS_1",
        "TemplateParam": json.dumps({"task": "RG-12 & “督办”", "days": "3"}, ensure_ascii=False),
        "OutId": "7",
    }
    assert (asked.headers["x-acs-action"], asked.headers["x-acs-version"]) == ("SendSms", "2017-05-25")
    _, key, signed, signature = said(
        asked, r"(ACS3-HMAC-SHA256) Credential=(.+),SignedHeaders=(.+),Signature=(.+)"
    )
    headers = {name: asked.headers[name] for name in signed.split(";")}
    assert key == "an-id"
    assert {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"} <= set(headers)
    assert headers["x-acs-content-sha256"] == sha256(asked.body)
    assert signature == acs3(SECRET, "POST", query, headers, sha256(asked.body))


def test_what_tencent_is_asked_is_signed_as_published() -> None:
    answer = {"Response": {"SendStatusSet": [{"SerialNo": "5000:1", "Code": "Ok"}], "RequestId": "r"}}
    outcome, peer = asked_of("tencent", as_json(answer))
    assert outcome == Outcome.accepted(code="Ok", reference="5000:1")
    [asked] = peer.asked
    assert json.loads(asked.body) == {
        "PhoneNumberSet": ["+8613800000000"],
        "SmsSdkAppId": "1400",
        "SignName": "督办中心",
        "TemplateId": "SMS_1",
        "TemplateParamSet": ["RG-12 & “督办”", "3"],
        "SessionContext": "7",
    }
    assert (asked.headers["x-tc-action"], asked.headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    key, day, service, signed, signature = said(
        asked, r"TC3-HMAC-SHA256 Credential=(.+)/(.+)/(.+)/tc3_request, SignedHeaders=(.+), Signature=(.+)"
    )
    assert (key, service, signed) == ("an-id", "sms", "content-type;host")
    headers = {name: asked.headers[name] for name in signed.split(";")}
    assert signature == tc3(SECRET, "sms", day, asked.headers["x-tc-timestamp"], headers, asked.body)


def said(asked: Asked, pattern: str) -> tuple[str, ...]:
    match = re.fullmatch(pattern, asked.headers["authorization"])
    assert match is not None
    return match.groups()


def as_json(data: Any, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(data).encode(), headers={"Content-Type": "application/json"})


# ---------------------------------------------------------------- how a try ends


@pytest.mark.parametrize(
    ("status", "code", "end"),
    [
        (200, "isv.BUSINESS_LIMIT_CONTROL", "later"),
        (200, "isv.MOBILE_NUMBER_ILLEGAL", "refused"),
        (200, "isv.SMS_TEMPLATE_ILLEGAL", "refused"),
        (200, "isv.SMS_SIGNATURE_ILLEGAL", "unauthorised"),
        (200, "isv.AMOUNT_NOT_ENOUGH", "unauthorised"),
        (200, "isv.NEVER_HEARD_OF", "later"),
        (404, "InvalidAccessKeyId.NotFound", "unauthorised"),
        (400, "SignatureDoesNotMatch", "unauthorised"),
        (503, "ServiceUnavailable", "later"),
        (429, "Throttling.User", "later"),
    ],
)
def test_what_aliyuns_codes_mean(status: int, code: str, end: str) -> None:
    outcome, peer = asked_of(
        "aliyun", as_json({"Code": code, "Message": "13800000000", "RequestId": "r"}, status)
    )
    assert (outcome.end, outcome.code) == (end, code)
    assert outcome.why is not None
    assert "13800000000" not in outcome.why.zh + outcome.why.en
    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("LimitExceeded.PhoneNumberDailyLimit", "later"),
        ("InternalError.Timeout", "later"),
        ("InvalidParameterValue.IncorrectPhoneNumber", "refused"),
        ("FailedOperation.TemplateIncorrectOrUnapproved", "refused"),
        ("FailedOperation.InsufficientBalanceInSmsPackage", "unauthorised"),
        ("FailedOperation.SignatureIncorrectOrUnapproved", "unauthorised"),
        ("Never.HeardOf", "later"),
    ],
)
@pytest.mark.parametrize("whole", [True, False], ids=["of the request", "of the number"])
def test_what_tencents_codes_mean(code: str, end: str, whole: bool) -> None:
    error = {"Error": {"Code": code, "Message": "13800000000"}, "RequestId": "r"}
    status = {"SendStatusSet": [{"SerialNo": "", "Code": code, "Message": "13800000000"}], "RequestId": "r"}
    outcome, peer = asked_of("tencent", as_json({"Response": error if whole else status}))
    assert (outcome.end, outcome.code) == (end, code)
    assert outcome.why is not None
    assert "13800000000" not in outcome.why.zh + outcome.why.en
    assert len(peer.asked) == 1


def test_a_wrong_key_pauses_the_channel() -> None:
    error = {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": ""}, "RequestId": "r"}
    assert asked_of("tencent", as_json({"Response": error}))[0].end == "unauthorised"


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(then="hang_up"),
        Reply(body=b"<html>Maintenance</html>", headers={"Content-Type": "text/html"}),
        Reply(body=b"{}", headers={"Content-Type": "application/json"}),
        Reply(body=b"", headers={"Content-Type": "application/json"}),
        Reply(status=502, body=b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"}),
        Reply(body=b'{"Response": {"SendStatusSet": [], "RequestId": "r"}}'),
    ],
    ids=["hangs up", "HTML", "nothing in it", "empty", "bad gateway", "no status"],
)
def test_a_cloud_that_cannot_be_understood_leaves_it_in_doubt(cloud: str, reply: Reply) -> None:
    outcome, peer = asked_of(cloud, reply)
    assert outcome.end == "unknown"
    assert len(peer.asked) == 1


@pytest.mark.parametrize("cloud", CLOUDS)
def test_nobody_listens(cloud: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert sent(CLOUDS[cloud](f"127.0.0.1:{port}")).end == "unreachable"


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_cloud_that_says_nothing_leaves_it_in_doubt(cloud: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = CLOUDS[cloud](f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        assert sent(made).end == "unknown"


# ---------------------------------------------------------------- templates, settings, reports


@pytest.mark.parametrize("change", [{"template": "other"}, {"values": {"task": "RG-12"}}])
def test_without_a_template_or_its_values_nothing_is_written(change: dict[str, Any]) -> None:
    made = at_aliyun("127.0.0.1:1")
    with pytest.raises(Unwritten, match="templates"):
        made.write(dataclasses.replace(CONTENT, **change), ENVELOPE)


def test_a_template_that_was_taken_out_since_pauses_the_channel() -> None:
    body = at_aliyun("127.0.0.1:1").write(CONTENT, ENVELOPE)
    parcel = Parcel(delivery_id=7, address="13800000000", message_id="<x>", body=body)
    with at_aliyun("127.0.0.1:1", templates={}).session() as send:
        assert send(parcel).end == "unauthorised"


def test_a_cloud_counts_english_as_unicode() -> None:
    body = at_tencent("127.0.0.1:1").write(dataclasses.replace(CONTENT, phrases=("a" * 100,)), ENVELOPE)
    assert json.loads(body)["segments"] == 2


@pytest.mark.parametrize(
    ("change", "complaint"), [({"signature": None}, "signature"), ({"endpoint": "10.0.0.1:80"}, "plain")]
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], complaint: str) -> None:
    keys = {"access_key_id": "env:KEY_ID", "access_key_secret": "env:KEY_SECRET", "endpoint": "127.0.0.1"}
    with pytest.raises(UsageError, match=complaint):
        aliyun_channel("text", AliyunSettings.model_validate(settings(**{**keys, **change})))


@pytest.mark.parametrize(
    ("cloud", "module"),
    [("aliyun", "alibabacloud_dysmsapi20170525"), ("tencent", "tencentcloud.sms.v20210111")],
)
def test_a_missing_sdk_is_named(cloud: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=re.escape(f"duban[{cloud}]")):
        CLOUDS[cloud]("127.0.0.1:1")


def test_reports_of_the_clouds_are_read() -> None:
    theirs = {"biz_id": "900^0", "success": True, "err_code": "DELIVERED"}
    ours = read_receipt(aliyun.REPORTS, theirs)
    assert ours is not None
    assert (ours.reference, ours.end, ours.code) == ("900^0", "delivered", "DELIVERED")
    failed = read_receipt(tencent.REPORTS, {"sid": "5000:1", "report_status": "FAIL", "errmsg": "MK:0001"})
    assert failed is not None
    assert (failed.reference, failed.end, failed.code) == ("5000:1", "bounced", "MK:0001")
