"""Why: a task's light, deadline, episodes, next wake, and what a person may do.

    standing.py   where it stands, its light   clocks.py      its deadline, the clock's next look
    episodes.py   each rule and its episodes   conditions.py  a condition with the facts it looks at
    acts.py       what a person may do now     subject.py     the task with what all this needs
    keeping.py    whether files are worth it   several.py    many tasks, read as one set

Nothing here decides. What is true is asked of the compiled conditions, what will happen is asked of
`decide` itself with a later `now`, what a person may do is asked by letting them do it, without
writing anything: an explanation can't disagree with the engine. Only `subject_of` reads.
"""

from __future__ import annotations

from .acts import Possible, enterable, everyday, gives_up, offered, possible, rehearse
from .clocks import deadline, next_wake
from .conditions import condition
from .episodes import episode, rules
from .keeping import would_be_taken
from .several import subjects_of
from .standing import light, state
from .subject import Subject, persons, subject_of

__all__ = [
    "Possible",
    "Subject",
    "condition",
    "deadline",
    "enterable",
    "episode",
    "everyday",
    "gives_up",
    "light",
    "next_wake",
    "offered",
    "persons",
    "possible",
    "rehearse",
    "rules",
    "state",
    "subject_of",
    "subjects_of",
    "would_be_taken",
]
