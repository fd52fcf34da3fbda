"""The command line, a theme a file; `main.py` puts them together.

    packs.py       init, check, load, version
    ledger.py      tasks, show, history, outbox
    search.py      search
    frozen.py      ledger freeze, ledger frozen
    workbooks.py   template, import, ledger export
    why.py         explain
    foresight.py   forecast
    figures.py     scores, indicators
    draw.py        draw (a picture)
    acting.py      act
    opening.py     open
    everyday.py    urge, comment, copy, correct, transfer, merge
    documents.py   letter, bulletin make, list, show
    ballot.py      ballot open, sheet, close, results
    rounds.py      rounds
    pairing.py     pairing draw, show, verify
    versions.py    replan, migrate
    people.py      units, people, post, delegate
    interests.py   interest
    organising.py  unit, hand-over, roll-over
    calendar.py    calendar show, import, recompute
    health.py      release, verify, doctor
    watch.py       simulate, daemon
    console.py     console
    start.py       start: both in one process
    demo.py        demo
    account.py     account, access export
    schema.py      schema
    webhooks.py    webhook add, list, remove, enable, test

What they share: speaking.py (one of two languages, and a sentence for every error), arguments.py
(how a command is declared, and what several take), filters.py (which tasks), desk.py (settings,
database, output), serving.py (the console on a socket), screen.py (columns, progress, the log), dates.py
(days as they are typed), planning.py (working off old plans), casting.py (who plays in a demonstration).

Everything that thinks lives in `workflow`; here arguments become a call, and a record becomes lines.
Heavy modules are imported inside the commands, so that `duban --help` answers at once.
"""
