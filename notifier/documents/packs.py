"""The Word templates of a pack, looked at before it comes into force."""

from __future__ import annotations

from collections.abc import Iterator

from workflow.definition import Pack
from workflow.definition.pack import refuse, template_of
from workflow.definition.yaml import Problem
from workflow.text import same

from .figures import names_of
from .templates import BadTemplate, check_template


def check_templates(pack: Pack) -> None:
    """Refuse a pack with a template that holds more than placeholders.

    Raises:
        PackError: with what is wrong in each.
    """
    refuse(_problems(pack))


def _problems(pack: Pack) -> Iterator[Problem]:
    for definition in pack.definitions.values():
        letter = definition.letter
        if letter is None or letter.template is None:
            continue
        try:
            check_template(template_of(pack, letter.template), names_of(definition))
        except BadTemplate as error:
            yield Problem(
                file=letter.template,
                line=0,
                key=f"({definition.kind})",
                found=same(letter.template),
                expected=error.why,
            )
