"""Which tasks of the ledger: the same options wherever it is listed, frozen or exported."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from workflow.errors import UsageError

from .arguments import OfKind, OfTrack, OfUnit, option, readable

if TYPE_CHECKING:
    from workflow.reading import Wanted

InState = Annotated[str | None, option("状态。", "State.", "--state")]
OfLight = Annotated[
    str | None, option("green、blue、yellow、red。", "green, blue, yellow or red.", "--light")
]
WaitsFor = Annotated[
    str | None, option("在等谁：角色，或人员代码。", "A role, or a person's code.", "--waits-for")
]
Where = Annotated[
    list[str] | None,
    option(
        "填报项等于某值，可多次，如 key=yes。",
        "A fact's value, as key=yes; repeatable.",
        "--where",
        metavar="NAME=VALUE",
    ),
]
PlanYear = Annotated[
    int | None, option("哪一年的计划。", "Tasks of a year's plan.", "--year", min=1970, max=2399)
]
OnlyOpen = Annotated[bool, option("只列未办结的，或全部。", "Open ones, or all.", "--open/--all")]
_CHOSEN = "chosen"


def filtered(run: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `_chosen`; it gets what they come to as its argument `chosen`."""
    own = inspect.signature(run, eval_str=True, locals={"Wanted": Any})
    options = list(inspect.signature(_chosen, eval_str=True, locals={"Wanted": Any}).parameters.values())
    shown = [each for one in own.parameters.values() for each in (options if one.name == _CHOSEN else [one])]

    @functools.wraps(run)
    def with_options(**given: Any) -> None:
        run(**{_CHOSEN: _chosen(**{one.name: given.pop(one.name) for one in options})}, **given)

    with_options.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in shown}
    return with_options


def _chosen(
    unit: OfUnit = None,
    kind: OfKind = None,
    track: OfTrack = None,
    state: InState = None,
    light: OfLight = None,
    waits_for: WaitsFor = None,
    where: Where = None,
    year: PlanYear = None,
    only_open: OnlyOpen = True,
) -> Wanted:
    from workflow.reading import Wanted

    return Wanted(
        unit=unit,
        kind=kind,
        track=track,
        state=state,
        light=light,
        waits_for=waits_for,
        open=True if only_open else None,
        where=_conditions(where or ()),
        year=year,
    )


def _conditions(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`NAME=VALUE` of each --where."""
    pairs = [readable("--where", one).partition("=") for one in given]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise UsageError(
                "--where 看不懂：应写 填报项=值，如 key=yes。", "--where: write FACT=VALUE, such as key=yes."
            )
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
