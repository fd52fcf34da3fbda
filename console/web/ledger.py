"""The ledger: asked for by anything, turned page by page, kept as views, taken along as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from workflow.definition.model import LIGHTS
from workflow.engine import Frame
from workflow.errors import BadValue, DubanError, NotAllowed, NotNow, Unknown
from workflow.reading import Line, Wanted, leaf, scope_of
from workflow.reading.ledger import zone_of_dates
from workflow.reading.words import moment
from workflow.store import organisation
from workflow.text import Text

from ..books import Books
from ..store import views
from .asking import Asking
from .seeing import person_of
from .visits import Visit

router = APIRouter()
MOST = 100  # lines of a page
LONGEST_NAME = 60  # characters of a view's name
LONGEST_QUERY = 2_000  # characters of its address
COLUMNS: Mapping[str, Text] = {
    "kind": Text("事项", "Task"),
    "unit": Text("单位", "Unit"),
    "track": Text("专项任务", "Track"),
    "state": Text("状态", "State"),
    "due": Text("期限", "Due"),
    "waits": Text("等谁", "Waits for"),
    "opened": Text("交办", "Opened"),
    "ended": Text("办结", "Ended"),
    "document": Text("文号", "Document"),
    "campaign": Text("专项行动", "Campaign"),
}
USUAL = ("kind", "unit", "state", "due", "waits")
_FILTERS = (
    *("words", "light", "kind", "track", "unit", "tree", "state", "waits", "open", "campaign"),
    *("due_from", "due_to", "late", "year", "fact", "value"),
)
_FURTHER = ("due_from", "due_to", "late", "year", "fact", "campaign")  # those of the folded part
# What a column of the page is in a file: the light comes always.
_IN_FILES = {"due": ("due", "overdue"), "waits": ("waits", "people")}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS_OF_FILE = {".xlsx": XLSX, ".csv": "text/csv; charset=utf-8"}


# --- what is asked for ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the address asks for, as it was typed."""

    given: Mapping[str, str]  # by name; without what is empty
    columns: tuple[str, ...]  # in their order

    def __getitem__(self, name: str) -> str:
        """A filter as it was typed; empty where nothing was."""
        return self.given.get(name, "")

    @property
    def query(self) -> str:
        """The address of this page, to send to a colleague or to keep."""
        pairs = [(name, self.given[name]) for name in _FILTERS if self.given.get(name)]
        columns = [("columns", one) for one in self.columns] if self.columns != USUAL else []
        return urlencode([*pairs, *columns])

    @property
    def more(self) -> bool:
        """Whether the folded part of the form is in use."""
        return any(self[name] for name in _FURTHER) or self.columns != USUAL

    @property
    def in_file(self) -> Collection[str]:
        """The columns of a file; empty: all that there are."""
        if self.columns == USUAL:
            return ()
        return {"light", *(code for one in self.columns for code in _IN_FILES.get(one, (one,)))}


def filters_of(pairs: Sequence[tuple[str, str]]) -> Filters:
    """What stands in an address; names that nobody knows are left out."""
    given = {name: value.strip() for name, value in pairs if name in _FILTERS and value.strip()}
    chosen = [value for name, value in pairs if name == "columns"]
    columns = tuple(one for one in COLUMNS if one in chosen)
    return Filters(given=given, columns=columns or USUAL)


def wanted_of(frame: Frame, filters: Filters, person: int) -> Wanted:
    """The filters as the ledger takes them, within what the person may see.

    Raises:
        BadValue: a date, a year or a fact that can't be one.
    """
    return Wanted(
        unit=filters["unit"].split(" ")[0] or None,
        below=bool(filters["tree"]),
        kind=filters["kind"] or None,
        track=filters["track"] or None,
        light=filters["light"] or None,
        state=filters["state"] or None,
        waits_for=person if filters["waits"] == "me" else filters["waits"] or None,
        open={"": True, "yes": True, "no": False}.get(filters["open"]),
        campaign=filters["campaign"] or None,
        due_from=_day(frame, filters["due_from"], ends=False),
        due_to=_day(frame, filters["due_to"], ends=True),
        late={"yes": True, "no": False}.get(filters["late"]),
        year=_year(filters["year"]),
        words=filters["words"] or None,
        where=_where(filters),
        scope=scope_of(frame, person),
        limit=MOST,
    )


def _day(frame: Frame, typed: str, *, ends: bool) -> int | None:
    if not typed:
        return None
    calendar = frame.calendar(zone_of_dates(frame))
    try:
        day = date.fromisoformat(typed)
        return calendar.end_of(day) if ends else calendar.start_of(day)
    except (ValueError, OverflowError):
        raise BadValue(
            f"日期“{typed}”看不懂。请写成 2026-03-31。", f"{typed!r} is no date. Write it as 2026-03-31."
        ) from None


def _year(typed: str) -> int | None:
    if not typed:
        return None
    if not (typed.isascii() and typed.isdecimal() and len(typed) == 4 and 1970 <= int(typed) <= 2399):
        raise BadValue(f"年份“{typed}”不对。请写成 2026。", f"{typed!r} is no year. Write it as 2026.")
    return int(typed)


def _where(filters: Filters) -> tuple[tuple[str, str], ...]:
    if bool(filters["fact"]) != bool(filters["value"]):
        raise BadValue(
            "没有查询：填报项和它的值要一起写。请补上另一项，或两项都清空。",
            "Not looked up: a fact and its value go together. Fill in the other one, or clear both.",
        )
    return ((filters["fact"], filters["value"]),) if filters["fact"] else ()


# --- the page ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the ledger, with its dates in words."""

    line: Line
    due: str  # empty: none
    is_late: bool
    opened: str
    ended: str
    track: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the ledger can be asked for."""

    kinds: Mapping[str, Text]
    tracks: Mapping[str, Text]
    states: Mapping[str, Text]
    roles: Mapping[str, Text]
    facts: Mapping[str, Text]
    campaigns: Mapping[str, Text]
    units: Mapping[str, Text]  # those that are offered while typing
    columns: Mapping[str, Text]
    lights: tuple[str, ...] = LIGHTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A view with the address that it stands for."""

    view: views.SavedView
    path: str
    is_here: bool


@router.get("/ledger")
def whole_ledger(visit: Asking, after: str = "", done: str = "") -> Response:
    """The tasks that I may look at, by what is asked for."""
    person = person_of(visit)
    filters = filters_of(visit.request.query_params.multi_items())
    with visit.place.frame() as frame:
        return _page(visit, frame, person, filters, after=after, done=done)


def _page(
    visit: Visit,
    frame: Frame,
    person: int,
    filters: Filters,
    *,
    after: str = "",
    done: str = "",
    error: DubanError | None = None,
    name: str = "",
) -> Response:
    choices, rows, further = _choices(frame), list[Row](), None
    try:
        wanted = wanted_of(frame, filters, person)
        found = leaf(frame, wanted, after)
        further = found.further
        rows = [_row(frame, one, choices) for one in found.lines]
    except (Unknown, BadValue) as refused:
        error = error or refused
    units = own_units(frame, person)
    return visit.page(
        "ledger.html",
        422 if error else 200,
        rows=rows,
        asked=filters,
        choices=choices,
        after=after,
        further=None if further is None else f"/ledger?{_with(filters.query, after=further)}",
        files=visit.place.books is not None,
        kept=[_kept(one, filters) for one in views.seen(frame.tx, person, units)],
        units=units,
        why=error.text if error else None,
        done=done,
        typed=name,
    )


def _with(query: str, **more: str) -> str:
    return "&".join(one for one in (query, urlencode(more)) if one)


def _kept(one: views.SavedView, filters: Filters) -> Kept:
    query = filters_of(parse_qsl(one.query)).query
    return Kept(view=one, path=f"/ledger?{query}", is_here=query == filters.query)


def _row(frame: Frame, line: Line, choices: Choices) -> Row:
    calendar = frame.calendar(line.zone)
    late = line.due_at is not None and line.due_at < frame.now and not line.stopped and line.ended_at is None
    return Row(
        line=line,
        due="" if line.due_at is None else moment(calendar, line.due_at),
        is_late=late,
        opened=moment(calendar, line.opened_at),
        ended="" if line.ended_at is None else moment(calendar, line.ended_at),
        track=choices.tracks.get(line.track or "", Text(line.track or "", line.track or "")),
    )


def _choices(frame: Frame) -> Choices:
    versions = [(one, frame.version(one.version_id)) for one in frame.campaigns.values()]
    definitions = [book.definition for _, one in versions for book in one.books.values()]
    return Choices(
        kinds={one.kind: one.label for one in definitions},
        tracks={name: label for _, one in versions for name, label in one.pack.campaign.tracks.items()},
        states={name: state.label for one in definitions for name, state in one.states.items()},
        roles={name: role.label for one in definitions for name, role in one.roles.items()},
        facts={name: fact.label for one in definitions for name, fact in one.facts.items()},
        campaigns={own.name: one.pack.campaign.label for own, one in versions},
        units=_offered(frame),
        columns=COLUMNS,
    )


_OFFERED = 400  # units: nobody scrolls further, and any code may still be typed


def _offered(frame: Frame) -> dict[str, Text]:
    return {row[1]: Text(row[6], row[7]) for row in organisation.units(frame.tx)[:_OFFERED]}


def own_units(frame: Frame, person: int) -> dict[int, Text]:
    """The units at which somebody has a post."""
    ids = {unit for _, unit, _ in organisation.posts_of(frame.tx, person)}
    return {row[0]: Text(row[3], row[4]) for row in organisation.units_by_id(frame.tx, sorted(ids))}


# --- views that are kept ----------------------------------------------------------------------------


@router.post("/ledger/views")
def keep_view(visit: Asking) -> Response:
    """Keep what the ledger is asked for under a name, for oneself or for one's unit."""
    form, person = visit.checked(), person_of(visit)
    query = str(form.get("query", ""))[:LONGEST_QUERY]
    filters, name = filters_of(parse_qsl(query)), str(form.get("name", "")).strip()
    shared = str(form.get("unit", ""))
    with visit.place.frame() as frame:
        units = own_units(frame, person)
    try:
        unit = _shared_with(shared, units)
        _check_name(name)
        with visit.place.engine.port.write("people") as tx:
            if not views.save(tx, person, name, filters.query, unit, visit.now):
                raise NotNow(
                    f"没有保存：您已有 {views.MOST} 个视图。请先删除不用的。",
                    f"Not kept: you have {views.MOST} views. Delete those you no longer need first.",
                )
    except (BadValue, NotNow) as error:
        with visit.place.frame() as frame:
            return _page(visit, frame, person, filters, error=error, name=name)
    return visit.go(f"/ledger?{_with(filters.query, done='kept')}")


def _shared_with(typed: str, units: Mapping[int, Text]) -> int | None:
    if not typed:
        return None
    if not typed.isdecimal() or len(typed) > 18 or int(typed) not in units:
        raise NotAllowed(
            "没有保存：只能共享给您任职的单位。请重新选择。",
            "Not kept: a view can be shared with a unit at which you have a post. Choose again.",
        )
    return int(typed)


def _check_name(name: str) -> None:
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadValue(
            f"没有保存：请给视图起个名字，不超过 {LONGEST_NAME} 个字。",
            f"Not kept: give the view a name of at most {LONGEST_NAME} characters.",
        )


@router.post("/ledger/views/{view}/drop")
def drop_view(visit: Asking, view: int) -> Response:
    """Forget one of one's own views."""
    visit.checked()
    with visit.place.engine.port.write("people") as tx:
        dropped = views.drop(tx, person_of(visit), view)
    if not dropped:
        raise Unknown(
            "没有删除：视图不存在，或不是您的。请回到台账查看。",
            "Not deleted: there is no such view, or it isn't yours. See the ledger.",
        )
    return visit.go("/ledger?done=dropped")


# --- files ------------------------------------------------------------------------------------------


@router.get("/ledger/export{ending}")
def export(visit: Asking, ending: str) -> Response:
    """What the ledger is asked for, as a workbook or as CSV."""
    person, books = person_of(visit), books_of(visit)
    kind = _KINDS_OF_FILE.get(ending)
    if kind is None:
        raise Unknown("没有这种文件。可选 .xlsx 或 .csv。", "There is no such file: .xlsx or .csv.")
    filters = filters_of(visit.request.query_params.multi_items())
    with visit.place.frame() as frame:
        wanted = wanted_of(frame, filters, person)
        day = frame.calendar(zone_of_dates(frame)).day_of(frame.now)
    name = f"{visit.say('台账', 'ledger')}-{day.isoformat()}{ending}"
    return sent(
        lambda file: books.export(wanted, file, visit.language, visit.now, filters.in_file), name, kind
    )


def sent(write: Callable[[Path], object], name: str, kind: str = XLSX) -> Response:
    """A file that is made for this answer, and gone once it was sent, or could not be made."""
    with tempfile.NamedTemporaryFile(prefix="duban-", suffix=Path(name).suffix, delete=False) as made:
        file = Path(made.name)
    try:
        write(file)
    except BaseException:
        file.unlink()
        raise
    return FileResponse(
        file, filename=name, media_type=kind, background=BackgroundTask(file.unlink, missing_ok=True)
    )


def books_of(visit: Visit) -> Books:
    """Where workbooks come from.

    Raises:
        NotNow: this console was started without them.
    """
    if visit.place.books is None:
        raise NotNow(
            "本系统未启用工作簿。请告诉系统管理员。",
            "Workbooks are not set up here. Tell the system administrator.",
        )
    return visit.place.books
