"""Text messages through Tencent Cloud's short message service, by its own SDK (extra `tencent`).

Not seen live: what is signed is compared with the published algorithm, the codes are those of its manual.
"""

from __future__ import annotations

from threading import local
from typing import Any, Final

from ..channel import Outcome
from ..content import Parcel
from ..secrets import secret
from .body import Body
from .clouds import CloudChannel, Codes, broken, check_account, judged, no_sdk
from .numbers import e164
from .settings import CloudTemplate, ReceiptSettings, TencentSettings

CODES: Final[Codes] = (
    ("LimitExceeded", "later"),
    ("RequestLimitExceeded", "later"),
    ("InternalError", "later"),
    ("AuthFailure", "unauthorised"),
    ("UnauthorizedOperation", "unauthorised"),
    ("FailedOperation.InsufficientBalance", "unauthorised"),
    ("FailedOperation.SignatureIncorrectOrUnapproved", "unauthorised"),
    ("FailedOperation.MissingSignature", "unauthorised"),
    ("FailedOperation.NotEnterpriseCertification", "unauthorised"),
    ("FailedOperation.Template", "refused"),
    ("FailedOperation.ContainSensitiveWord", "refused"),
    ("FailedOperation.PhoneNumberInBlacklist", "refused"),
    ("InvalidParameter", "refused"),
    ("MissingParameter", "refused"),
    ("UnsupportedOperation", "refused"),
)

REPORTS: Final = ReceiptSettings(
    reference="sid", status="report_status", delivered=("SUCCESS",), bounced=("FAIL",), code="errmsg"
)
"""How its status call is read, by `gateway.read_receipt`, each object of its list by itself."""

_BROKEN: Final = frozenset({"ClientNetworkError", "ServerNetworkError"})


def tencent_channel(name: str, settings: TencentSettings) -> CloudChannel:
    """The channel that these settings describe.

    Raises:
        UsageError: the SDK isn't installed, a secret can't be read, the signature is missing.
    """
    signature = check_account(name, settings)
    try:
        from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
        from tencentcloud.sms.v20210111 import models
    except ImportError:
        raise no_sdk(name, "tencent") from None
    keys = secret(settings.secret_id), secret(settings.secret_key)
    clients = local()  # its requests.Session is not for several threads

    def submit(parcel: Parcel, body: Body, template: CloudTemplate) -> Outcome:
        if not hasattr(clients, "one"):
            clients.one = _client(settings, *keys)
        request = models.SendSmsRequest()
        for field, value in _fields(settings, signature, parcel, body, template).items():
            setattr(request, field, value)
        try:
            return answered(clients.one.SendSms(request).SendStatusSet)
        except TencentCloudSDKException as error:
            return judged(error.code, CODES) if _is_coded(error.code) else broken(error)

    return CloudChannel(name, settings, submit)


def answered(statuses: Any) -> Outcome:
    """What the status of the one number means."""
    if not isinstance(statuses, list) or len(statuses) != 1 or not isinstance(statuses[0].Code, str):
        return broken(ValueError())
    code = statuses[0].Code
    return (
        Outcome.accepted(code=code, reference=statuses[0].SerialNo) if code == "Ok" else judged(code, CODES)
    )


def _is_coded(code: object) -> bool:
    """The SDK puts names of Python's exceptions there, too: of answers that it can't read."""
    return isinstance(code, str) and code not in _BROKEN and not code.endswith(("Error", "Exception"))


def _client(settings: TencentSettings, secret_id: str, secret_key: str) -> Any:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.sms.v20210111.sms_client import SmsClient

    http = HttpProfile(
        protocol="http" if settings.plain_http else "https",
        endpoint=settings.endpoint,
        reqTimeout=settings.timeout,
    )
    profile = ClientProfile(httpProfile=http, signMethod="TC3-HMAC-SHA256")
    return SmsClient(Credential(secret_id, secret_key), settings.data_centre, profile)


def _fields(
    settings: TencentSettings, signature: str, parcel: Parcel, body: Body, template: CloudTemplate
) -> dict[str, Any]:
    return {
        "PhoneNumberSet": [e164(parcel.address, settings.country) or parcel.address],
        "SmsSdkAppId": settings.app,
        "SignName": signature,
        "TemplateId": template.id,
        "TemplateParamSet": [body.values[name] for name in template.params],
        "SessionContext": str(parcel.delivery_id),
    }
