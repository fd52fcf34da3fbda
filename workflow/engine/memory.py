"""How the memory of a long-running process is kept calm.

A sweep makes tens of thousands of short-lived records. Python's cyclic collector, woken by their
number, would each time walk everything that the imports made: measured, a fifth of the time of a storm; of
the console's pages every twentieth would take as long again.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 25_000, 10, 10  # allocations, and generations, between two collections


def calm() -> None:
    """Collect once, leave what is alive out of every later collection, and collect less often.

    For whoever owns the process (the daemon, the console, a simulation, a bench), once, after the imports.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
