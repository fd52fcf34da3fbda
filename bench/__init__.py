"""How fast the engine is, beside a floor that writes the same rows with nothing but the driver.

    pack.py         the campaign that is measured       places.py      databases, copied and compared
    population.py   many tasks, by copying real ones    recording.py   what the engine wrote, and how
    floor.py        the same rows, by the driver alone  workloads.py   W1, W2, W3
    rounds.py       engine and floor in turns           report.py      results.md and results.json

`python -m bench --help` says how to run it, docs/bench.md what the figures mean.
"""
