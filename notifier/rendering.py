"""Templates of the package, made ready once: notices, digests and documents are all rendered here.

The templates are ours, and only ours: what an organisation may change are sentences with placeholders
(`wording.py`). Whatever is put into a template is plain text. HTML is escaped; what could break a line,
hide text or turn its direction is taken out of every value, in HTML and in text.

A template gets what the caller gives it, and `language`, `lang` (of the document), `marks` (how each
light looks). Callers give `say`, a `Wording.speaker`: no template holds a sentence of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from workflow.definition.model import LIGHT_LABELS
from workflow.text import Language

TEMPLATES: Final = Path(__file__).parent / "templates"
CALM: Final = "#3b4a5a"
"""The strip of a mail that has no light to show: green is no news."""
_LANGS: Final = {"zh": "zh-CN", "en": "en"}

# Line ends of every kind and other controls become a space …
_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# … and what has no width, turns the direction of text, or stands for nothing is left out. The joiners of
# emoji and of some scripts (200C, 200D) stay.
_UNSEEN: Final = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How a light looks: by its shape and its word as well, for whoever sees no colours."""

    light: str
    shape: str
    fill: str  # behind the word
    ink: str  # of the word on the fill; at least 4.5 : 1
    text: str  # of the word on white; at least 4.5 : 1

    def word(self, language: Language) -> str:
        """The light as people call it."""
        return LIGHT_LABELS[self.light].to(language)


MARKS: Final = {
    one.light: one
    for one in (
        Mark(light="green", shape="●", fill="#1d7a3a", ink="#ffffff", text="#1d7a3a"),
        Mark(light="blue", shape="◆", fill="#1d5fbf", ink="#ffffff", text="#1d5fbf"),
        Mark(light="yellow", shape="▲", fill="#ffd250", ink="#2b2100", text="#7a5200"),
        Mark(light="red", shape="■", fill="#b3261e", ink="#ffffff", text="#b3261e"),
    )
}


def plain(value: str) -> str:
    """A value on one line, without anything unseen: what a name may hold must not shape a message."""
    if value.isprintable():  # as nearly everything: nothing below would be found in it
        return value.strip()
    return _UNSEEN.sub("", _BREAKS.sub(" ", value)).strip()


def _final(value: Any) -> Any:
    """Every value on its way into a template. Markup comes from our own macros alone."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default_for_string=True, default=True),
        undefined=StrictUndefined,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.globals["marks"] = MARKS
    return made


_ENVIRONMENT: Final = _environment()
_TOO_MANY_LINES: Final = re.compile(r"\n{3,}")
_INDENTED: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)*")


def render_html(name: str, language: Language, **view: Any) -> str:
    """An HTML document from `templates/NAME`; lines that say nothing are left out."""
    told = _ENVIRONMENT.get_template(name).render(language=language, lang=_LANGS[language], **view)
    return _INDENTED.sub("\n", told)


def render_text(name: str, language: Language, **view: Any) -> str:
    """Plain text from `templates/NAME`, lines separated by \\n, never more than one empty line between."""
    told = _ENVIRONMENT.get_template(name).render(language=language, lang=_LANGS[language], **view)
    return _TOO_MANY_LINES.sub("\n\n", told).strip("\n") + "\n"
