"""P1: daemons and people killed at random during a storm, and what must be true afterwards.

    storm.py     a pack, a database full of tasks that are due in one moment
    harness.py   forks daemons and people, kills them, lets them go on
    verdict.py   what was lost, what happened twice

Run by hand: `python -m tests.kills --kills 200 --seed 7 [--database postgresql]`.
"""
