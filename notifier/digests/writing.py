"""From what a digest shows to its content in a language. A section is written once for all who see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from markupsafe import Markup

from workflow.definition.model import LIGHTS
from workflow.reading.dates import Dates
from workflow.text import LANGUAGES, Language, Text

from ..content import Content, Picture, Site
from ..rendering import MARKS, render_html, render_text
from ..wording import Say, Wording
from .gathering import Scene
from .picture import draw
from .tree import Row, Tally
from .view import Item, Reader, Section, Trend

_KEPT: Final = 500  # written sections that are remembered
_ACCENT: Final = {"red": 3, "yellow": 2, "blue": 1}
_CALM: Final = "#0b4ea2"
_GRAVE: Final = tuple(reversed(LIGHTS))
_OWN: Final = ("waiting", "due", "late", "lights", "moved", "overview", "worst", "next")


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A section in a language."""

    html: Markup
    text: Markup  # plain text of several lines, made line by line: it is put in as it is
    short: str  # of a text message, and of the subject; empty if it has nothing to count
    picture: Picture | None = None


class Writer:
    """Writes the digests of a run."""

    def __init__(self, scene: Scene, site: Site, now: int) -> None:
        self._scene = scene
        wording = Wording(site.words)
        self._say: dict[Language, Say] = {one: wording.speaker(one) for one in LANGUAGES}
        self._dates = Dates(calendar=scene.calendar, now=now)
        self._written: dict[tuple[int, Language], tuple[Section, Written]] = {}
        self._pictures: dict[Trend, bytes] = {}
        self._lights = {one: _marked(one) for one in LANGUAGES}

    def content(self, reader: Reader, unsubscribe: str | None) -> Content:
        """A reader's digest; `unsubscribe` is where they switch it off."""
        language = _language(reader)
        say, digest = self._say[language], self._scene.digest
        sections = [self._section(one, language) for one in reader.sections if not one.says_nothing]
        label = digest.label.to(language)
        shorts = tuple(one.short for one in sections if one.short)
        summary = "，".join(shorts) if language == "zh" else ", ".join(shorts)
        summary = summary or say("digest.next" if sections else "digest.nothing")
        subject = say("digest.subject", label=label, number=str(reader.number), summary=summary)
        numbered = self._numbered(reader, language, say)
        common: dict[str, Any] = {
            "title": label,
            "numbered": numbered,
            "summary": summary,
            "say": say,
            "unsubscribe": unsubscribe,
        }
        accent = _accent(reader.sections)
        return Content(
            language=language,
            subject=subject,
            html=render_html(
                "digest.html", language, sections=[one.html for one in sections], accent=accent, **common
            ),
            text=render_text("digest.txt", language, sections=[one.text for one in sections], **common),
            phrases=(f"{label} {reader.number}", *shorts),
            template="digest",
            values={"label": label, "number": str(reader.number), "summary": summary},
            pictures=tuple(one.picture for one in sections if one.picture is not None),
        )

    def _numbered(self, reader: Reader, language: Language, say: Say) -> str:
        if reader.previous is None:
            return say("digest.first", number=str(reader.number))
        number, at = reader.previous
        date = self._dates.day(at).to(language)
        return say("digest.since", number=str(reader.number), previous=str(number), date=date)

    # --- sections -------------------------------------------------------------------------------------

    def _section(self, section: Section, language: Language) -> Written:
        """The readers who see the same are given the same object."""
        known = self._written.get((id(section), language))
        if known is not None and known[0] is section:
            return known[1]
        if len(self._written) > _KEPT:
            self._written.clear()
            self._pictures.clear()
        found = self._write(section, language)
        self._written[id(section), language] = (section, found)
        return found

    def _write(self, section: Section, language: Language) -> Written:
        say = self._say[language]
        picture = self._picture(section, language)
        view: dict[str, Any] = {
            "say": say,
            "heading": _heading(section, language, say),
            "items": [_item(one, section.name, language, say) for one in section.items],
            "lines": [_line(*one) for one in self._lines(section, language)],
            "notes": _notes(section, say),
            "picture": picture,
            "lights": [self._lights[language][light] for light in _GRAVE],
            "light_marks": self._lights[language],
        }
        return Written(
            html=Markup(render_html("digest_section.html", language, **view)),  # noqa: S704 - escaped there
            text=Markup(render_text("digest_section.txt", language, **view).strip("\n")),  # noqa: S704
            short=_short(section, language, say),
            picture=picture,
        )

    def _picture(self, section: Section, language: Language) -> Picture | None:
        trend = section.trend
        if trend is None:
            return None
        data = self._pictures.get(trend)
        if data is None:
            data = self._pictures[trend] = draw(trend)
        say = self._say[language]
        points = "；" if language == "zh" else "; "
        told = points.join(say("digest.point", day=day, **_counted(tally)) for day, tally in trend.points)
        return Picture(id="trend", data=data, alt=say("digest.trend", points=told))

    def _lines(self, section: Section, language: Language) -> list[tuple[str, Tally, Tally | None, Language]]:
        found = [(self._called(row, language), row.now, row.before, language) for row in section.rows]
        if section.tally is not None:
            found.append((self._say[language]("digest.whole"), section.tally, section.before, language))
        return found

    def _called(self, row: Row, language: Language) -> str:
        unit = self._scene.tree.names.get(row.unit, Text("?", "?")).to(language)
        track = self._scene.campaign.tracks.get(row.track)
        return unit if track is None else f"{unit} · {track.to(language)}"


def _language(reader: Reader) -> Language:
    return next((one for one in LANGUAGES if one == reader.language), "zh")


def _marked(language: Language) -> Mapping[str, Markup]:
    """Each light as shape, word and colour."""
    style = "font-size:14px; line-height:1.45; font-weight:bold; white-space:nowrap;"
    return {
        light: Markup('<span style="{} color:{};">{}&nbsp;{}</span>').format(
            style, mark.text, mark.shape, mark.word(language)
        )
        for light, mark in MARKS.items()
    }


def _accent(sections: tuple[Section, ...]) -> str:
    lit = {item.light for one in sections for item in one.items}
    lit |= {light for one in sections if one.tally for light, at in _ACCENT.items() if one.tally[at]}
    return next((MARKS[light].fill for light in _ACCENT if light in lit), _CALM)


def _heading(section: Section, language: Language, say: Say) -> str:
    if section.label is not None:
        return say("digest.kind", kind=section.label.to(language), count=str(section.total))
    if section.name in ("overview", "next"):
        return say(f"digest.{section.name}")
    return say(f"digest.{section.name}", count=str(section.total))


def _short(section: Section, language: Language, say: Say) -> str:
    if section.label is not None:
        return say("digest.short_kind", kind=section.label.to(language), count=str(section.total))
    if section.name == "overview":
        counted = _counted(section.tally or ())
        return say("digest.short_overview", red=counted["red"], yellow=counted["yellow"])
    return "" if section.name == "next" else say(f"digest.short_{section.name}", count=str(section.total))


def _notes(section: Section, say: Say) -> list[str]:
    more = section.total - len(section.items)
    if section.name == "overview":
        hidden = [say("digest.hidden", count=str(section.hidden))] if section.hidden else []
        return [*hidden, *([say("digest.compared")] if section.before is not None else [])]
    return [say("digest.more", count=str(more))] if more > 0 and section.name != "worst" else []


def _counted(tally: Tally) -> dict[str, str]:
    return {light: str(many) for light, many in zip(LIGHTS, tally, strict=False)}


def _item(item: Item, section: str, language: Language, say: Say) -> dict[str, Any]:
    values = {"unit": item.unit, "kind": item.kind, "state": item.state}
    named = "digest.next_step" if section == "next" else "digest.why"
    return {
        "light": item.light,
        "number": item.number,
        "what": say("digest.item", **{key: one.to(language) for key, one in values.items()}),
        "due": say("digest.no_deadline") if item.due is None else item.due.to(language),
        "why": [say(named, why=one.to(language)) for one in item.why],
    }


def _line(name: str, now: Tally, before: Tally | None, language: Language) -> dict[str, Any]:
    cells = [_cell(now, before, light) for light in _GRAVE]
    words = (f"{MARKS[light].shape} {MARKS[light].word(language)} " for light in _GRAVE)
    told = "  ".join(f"{word}{cell}" for word, cell in zip(words, cells, strict=True))
    return {"name": name, "cells": cells, "told": told}


def _cell(now: Tally, before: Tally | None, light: str) -> str:
    at = [*LIGHTS].index(cast("Any", light))
    moved = 0 if before is None else now[at] - before[at]
    return f"{now[at]} ({moved:+d})" if moved else str(now[at])
