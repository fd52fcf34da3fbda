"""Text messages: what fits into them, what must not stand in them, and four ways to hand them over.

settings.py   what an organisation sets, one model for each way
numbers.py    a number as it is dialled, from what people write
segments.py   a text planned in segments: the most important first, cut at a phrase
private.py    no personal data in a text
body.py       what is kept of a text message between its tries
smpp.py       SMPP 3.4, to a provider's message centre
gateway.py    any gateway that takes texts by HTTP, described in the settings
aliyun.py     Aliyun, by its own SDK (extra `aliyun`)
tencent.py    Tencent Cloud, by its own SDK (extra `tencent`)
"""
