"""Whoever passes Duban on takes no duty upon themselves that Apache-2.0 doesn't put on them.

The whole tree of what `pip install duban` brings is walked, as it is installed here. GPL and AGPL are
refused. LGPL is taken: psycopg is imported as it comes, unchanged, and can be replaced by whoever
uses it, which is what the LGPL asks (docs/adr/0002).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)

EXTRAS = frozenset({"aliyun", "chat", "tencent"})

# Packages whose metadata say nothing, read by hand from the licence file they install.
READ_BY_HAND = {"pysqlite3": "Zlib"}


def licence_of(package: Distribution) -> str:
    """What the package says of its licence, in the most exact of the fields it fills."""
    known = READ_BY_HAND.get(canonicalize_name(package.name), "")
    classified = " AND ".join(
        line.rpartition("::")[2].strip()
        for line in package.metadata.get_all("Classifier") or ()
        if line.startswith("License ::")
    )
    freely = _field(package, "License").partition("\n")[0]
    return known or _field(package, "License-Expression") or freely or classified


def _field(package: Distribution, name: str) -> str:
    return "".join(package.metadata.get_all(name) or ()).strip()


def is_copyleft(licence: str) -> bool:
    """GPL or AGPL, with no other licence to choose instead."""
    return all(COPYLEFT.search(choice) for choice in licence.split(" OR "))


def installed_with(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Distribution]:
    """The packages that `name` brings with it, each once for every way that leads to it."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if _is_wanted(requirement, extras):
            yield distribution(requirement.name)
            yield from installed_with(requirement.name, frozenset(requirement.extras))


def _is_wanted(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""})


def runtime_packages() -> dict[str, Distribution]:
    try:
        return {canonicalize_name(package.name): package for package in installed_with("duban", EXTRAS)}
    except PackageNotFoundError as missing:
        pytest.fail(f"{missing.name} is not installed: run `make setup`")


def test_no_runtime_dependency_is_under_gpl_or_agpl() -> None:
    licences = {name: licence_of(package) for name, package in runtime_packages().items()}
    assert {name: licence for name, licence in licences.items() if is_copyleft(licence)} == {}


def test_every_runtime_dependency_says_its_licence() -> None:
    assert [name for name, package in runtime_packages().items() if not licence_of(package)] == []


def test_the_walk_reaches_what_dependencies_depend_on() -> None:
    assert {
        "psycopg",
        "psycopg-binary",
        "sqlalchemy",
        "pydantic-core",
        "markupsafe",
        "apprise",
        "requests",
    } <= set(runtime_packages())


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("GPL-3.0-only", True),
        ("AGPL-3.0-or-later", True),
        ("GPLv2+", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GNU Affero General Public License v3", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("GPL-2.0-only OR MIT", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
    ],
)
def test_what_counts_as_copyleft(licence: str, refused: bool) -> None:
    assert is_copyleft(licence) is refused
