"""The campaign that is measured: a county whose units each have a handler and a leader.

It is the bench's own, so that a change of the shipped pack doesn't look like a change of speed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from workflow.definition import Pack, load_pack

DEFINITIONS = Path(__file__).resolve().parent / "definitions"


def measured_pack(folder: Path, units: int) -> Pack:
    """Write the campaign for so many units below `folder`, and read it."""
    path = folder / "pack"
    shutil.copytree(DEFINITIONS, path)
    names = [f"region_{number:03}" for number in range(units)]
    members = "\n".join(f"      {name}: {{zh: {name} 区, en: {name}}}" for name in names)
    campaign = path / "campaign.yaml"
    campaign.write_text(
        campaign.read_text(encoding="utf-8").replace("UNITS\n", f"{members}\n"), encoding="utf-8"
    )
    (path / "people.yaml").write_text(_people(names), encoding="utf-8")
    return load_pack(path)


def _people(regions: list[str]) -> str:
    posts = {"head": "leader at bureau", "supervisor": "supervisor at bureau"}
    for name in regions:
        posts |= {f"{name}_handler": f"handler at {name}", f"{name}_leader": f"leader at {name}"}
    lines = [f"  {code}: {{name: {{zh: {code}, en: {code}}}, posts: {post}}}" for code, post in posts.items()]
    return "\n".join(["people:", *lines, ""])
