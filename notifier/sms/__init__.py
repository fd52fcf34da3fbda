"""Text messages: what fits into them, what must not stand in them, and four ways to hand them over.

settings.py   what an organisation sets, one model for each way
numbers.py    a number as it is dialled, from what people write
segments.py   a text planned in segments: the most important first, cut at a phrase
private.py    no personal data in a text
body.py       what is kept of a text message between its tries
smpp.py       SMPP 3.4, to a provider's message centre; link.py its connection, reports.py its receipts
gateway.py    any gateway that takes texts by HTTP, described in the settings
clouds.py     what the clouds' services have in common
aliyun.py     Aliyun, by its own SDK (extra `aliyun`)
tencent.py    Tencent Cloud, by its own SDK (extra `tencent`)
"""

from .aliyun import aliyun_channel
from .gateway import gateway_channel, read_receipt
from .settings import AliyunSettings, GatewaySettings, SmppSettings, TencentSettings
from .smpp import smpp_channel
from .tencent import tencent_channel

__all__ = [
    "AliyunSettings",
    "GatewaySettings",
    "SmppSettings",
    "TencentSettings",
    "aliyun_channel",
    "gateway_channel",
    "read_receipt",
    "smpp_channel",
    "tencent_channel",
]
