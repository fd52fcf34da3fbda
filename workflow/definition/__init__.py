"""The language of definitions: frozen models, read from YAML, with errors that name file and line.

yaml.py            the strict reader: a tree of nodes that remember their place
cursor.py          reading a tree word by word, collecting every problem
model.py           the frozen models
terms.py           conditions as data
conditions.py      from words to terms
sentences.py       from terms to sentences
task.py            a file KIND.yaml, of which
  roles.py         its roles: posts, teams, who must not act
  facts.py         what is reported: facts and lists
  times.py         its deadline and plan; when a rule warns again
  setting.py       what transitions set
  numbering.py     the numbers that documents get
  opening.py       what is opened
  ballot.py        a ballot: whose totals become facts, and when
campaign.py        campaign.yaml and people.yaml, of which
  figures.py       sources and the formulas over them
  checklist.py     indicators, and the lists on which they are scored
  burden.py        how many checks a unit may have
  digests.py       what is told at fixed times
  shared_rules.py  rules that hold for several kinds
pack.py            the pack as a whole, and its version
"""

from __future__ import annotations

from .model import Campaign, Definition, Pack, Rule, State, Transition
from .pack import load_pack, pack_from_source, version_of

__all__ = [
    "Campaign",
    "Definition",
    "Pack",
    "Rule",
    "State",
    "Transition",
    "load_pack",
    "pack_from_source",
    "version_of",
]
