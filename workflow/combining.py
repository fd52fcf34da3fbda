"""Signs that are put upon a character: some are writing, hundreds on one are an attack."""

from __future__ import annotations

import unicodedata

MOST = 30  # on one character: what Unicode's stream-safe text allows (UAX #15, 13)


def is_piled(text: str) -> bool:
    """Whether more signs stand on one character than any writing has.

    To put them in order, as every normalisation does, takes the square of their number: 100,000 took 19 s,
    under the interpreter's lock.
    """
    if text.isascii():
        return False
    run = 0
    for one in text:
        run = run + 1 if unicodedata.combining(one) else 0
        if run > MOST:
            return True
    return False
