"""The command line, a theme a file; `main.py` puts them together.

    packs.py    init, check, load, version       calendar.py  calendar show, import, recompute
    ledger.py   tasks, show, history, outbox     people.py    units, people, post, delegate
    figures.py  scores, indicators
    why.py      explain                          health.py    release, verify, doctor
    foresight.py  forecast
    acting.py   act                              watch.py     simulate, daemon
    opening.py  open                             demo.py      demo
    interests.py   interest                      versions.py  replan, migrate
    rounds.py   rounds                           pairing.py   pairing draw, show, verify
    workbooks.py   template, import, ledger export
    everyday.py urge, comment, copy, correct,    frozen.py    ledger freeze, ledger frozen
                transfer, merge                  organising.py  unit, hand-over, roll-over
    draw.py     draw                             schema.py    schema

What they share: speaking.py (one of two languages, and a sentence for every error), arguments.py
(how a command is declared), desk.py (settings, database, output), screen.py (columns, progress, the
log), dates.py (days as they are typed), planning.py (working off old plans).

Everything that thinks lives in `workflow`; here arguments become a call, and a record becomes lines.
Heavy modules are imported inside the commands, so that `duban --help` answers at once.
"""
