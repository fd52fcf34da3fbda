"""Text messages through Aliyun's short message service, by its own SDK (extra `aliyun`).

Not seen live: what is signed is compared with the published algorithm, the codes are those of its manual.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ..channel import Outcome
from ..content import Parcel
from ..secrets import secret
from .body import Body
from .clouds import CloudChannel, Codes, broken, check_account, judged, no_sdk
from .numbers import e164, styled
from .settings import AliyunSettings, CloudTemplate, ReceiptSettings

ENDPOINT: Final = "dysmsapi.aliyuncs.com"

CODES: Final[Codes] = (
    ("isv.BUSINESS_LIMIT_CONTROL", "later"),
    ("isv.MOBILE_NUMBER_ILLEGAL", "refused"),
    ("isv.MOBILE_COUNT_OVER_LIMIT", "refused"),
    ("isv.SMS_TEMPLATE_ILLEGAL", "refused"),
    ("isv.TEMPLATE_", "refused"),
    ("isv.PARAM_", "refused"),
    ("isv.INVALID_", "refused"),
    ("isv.BLACK_KEY_CONTROL_LIMIT", "refused"),
    ("isv.SMS_SIGN", "unauthorised"),
    ("isv.ACCOUNT_", "unauthorised"),
    ("isv.AMOUNT_NOT_ENOUGH", "unauthorised"),
    ("isv.OUT_OF_SERVICE", "unauthorised"),
    ("isv.PRODUCT_UN", "unauthorised"),
    ("isp.RAM_PERMISSION_DENY", "unauthorised"),
    ("InvalidAccessKeyId", "unauthorised"),
    ("SignatureDoesNotMatch", "unauthorised"),
    ("IncompleteSignature", "unauthorised"),
    ("InvalidTimeStamp", "unauthorised"),
    ("Forbidden", "unauthorised"),
    ("NoPermission", "unauthorised"),
)

REPORTS: Final = ReceiptSettings(
    reference="biz_id", status="success", delivered=("true",), bounced=("false",), code="err_code"
)
"""How its SmsReport call is read, by `gateway.read_receipt`, each object of its list by itself."""


def aliyun_channel(name: str, settings: AliyunSettings) -> CloudChannel:
    """The channel that these settings describe.

    Raises:
        UsageError: the SDK isn't installed, a secret can't be read, the signature is missing.
    """
    signature = check_account(name, settings)
    try:
        from alibabacloud_dysmsapi20170525 import models
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_tea_openapi.utils_models import Config
        from darabonba.runtime import RuntimeOptions
    except ImportError:
        raise no_sdk(name, "aliyun") from None
    client = Client(Config(**_account(settings)))
    patience = int(settings.timeout * 1000)
    runtime = RuntimeOptions(autoretry=False, connect_timeout=patience, read_timeout=patience)

    def submit(parcel: Parcel, body: Body, template: CloudTemplate) -> Outcome:
        request = models.SendSmsRequest(**_fields(settings, signature, parcel, body, template))
        try:
            return answered(client.send_sms_with_options(request, runtime).body)
        except Exception as error:  # of whatever kind: the SDK has its own, and lets others through
            code = getattr(error, "code", None)
            return judged(code, CODES) if isinstance(code, str) and code != "None" else broken(error)

    return CloudChannel(name, settings, submit)


def answered(body: Any) -> Outcome:
    """What the answer's own code means: refusals come under HTTP 200, too."""
    code = getattr(body, "code", None)
    if not isinstance(code, str):
        return broken(ValueError())
    return Outcome.accepted(code=code, reference=body.biz_id) if code == "OK" else judged(code, CODES)


def _account(settings: AliyunSettings) -> dict[str, Any]:
    return {
        "access_key_id": secret(settings.access_key_id),
        "access_key_secret": secret(settings.access_key_secret),
        "endpoint": settings.endpoint or ENDPOINT,
        "protocol": "HTTP" if settings.plain_http else "HTTPS",
    }


def _fields(
    settings: AliyunSettings, signature: str, parcel: Parcel, body: Body, template: CloudTemplate
) -> dict[str, str]:
    number = e164(parcel.address, settings.country) or parcel.address
    values = {name: body.values[name] for name in template.params}
    return {
        "phone_numbers": styled(number, "national" if number.startswith("+86") else "digits"),
        "sign_name": signature,
        "template_code": template.id,
        "template_param": json.dumps(values, ensure_ascii=False),
        "out_id": str(parcel.delivery_id),
    }
