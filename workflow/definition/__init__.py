"""The language of definitions: frozen models, read from YAML, with errors that name file and line.

yaml.py        the strict reader: a tree of nodes that remember their place
cursor.py      reading a tree word by word, collecting every problem
terms.py       conditions as data          conditions.py   from words to terms
sentences.py   from terms to sentences     model.py        the frozen models
task.py        a file KIND.yaml            campaign.py     campaign.yaml and people.yaml
pack.py        the pack as a whole, and its version
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
