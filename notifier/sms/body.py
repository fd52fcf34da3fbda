"""What is kept of a text message between its tries: fixed once, sent as often as it must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from workflow.text import Text

from ..channel import Unwritten
from ..content import Content, Envelope
from .numbers import dialled
from .private import refuse_private
from .segments import Encoding, plan
from .settings import TextSettings


class Body(BaseModel):
    """A text as it is kept, as JSON."""

    model_config = ConfigDict(frozen=True)

    text: str  # with its signature
    encoding: Encoding
    segments: int = Field(ge=1)  # what it costs: budgets count these
    template: str  # by which name a provider's template is looked up
    values: Mapping[str, str]  # for the provider's template
    format: Literal[1] = 1

    def to_bytes(self) -> bytes:
        """The same body always gives the same bytes."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Body:
        """What `to_bytes` made."""
        return cls.model_validate_json(data)


def written(
    content: Content,
    envelope: Envelope,
    settings: TextSettings,
    signature: str,
    *,
    unicode_only: bool = False,
) -> Body:
    """The text message that a content becomes: planned, and without personal data.

    Raises:
        Unwritten: a wrong number, nothing to say, personal data, half of a character.
    """
    dialled(envelope.address, settings.country)
    for said in (*content.phrases, *content.values.values()):
        refuse_private(said)
        _refuse_halves(said)
    phrases = [one for one in content.phrases if one.strip()] or [content.subject]
    try:
        planned = plan(phrases, signature, settings.most_segments, unicode_only=unicode_only)
    except ValueError:
        raise Unwritten(_nothing_to_say()) from None
    refuse_private(planned.text)
    return Body(
        text=planned.text,
        encoding=planned.encoding,
        segments=planned.segments,
        template=content.template,
        values=dict(sorted(content.values.items())),
    )


def _refuse_halves(text: str) -> None:
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise Unwritten(
            Text(
                "短信未写成：内容里有半个字符，无法编码。请检查任务名称等文字是否完整。",
                "The text message was not written: it holds half of a character, which can't be coded. "
                "Check that titles and other words are whole.",
            )
        ) from None


def _nothing_to_say() -> Text:
    return Text(
        "短信未写成：没有可写的内容，或签名过长。请检查短信词句，签名不超过 20 个字。",
        "The text message was not written: there is nothing to say, or the signature is too long. Check "
        "the wording; a signature has 20 characters at most.",
    )
