"""Reviews: whoever got a link or a code gives marks and words, once, and nobody can tell which are theirs.

    paper.py       what is asked, and reading what was answered (pure)
    secrets.py     links and codes: made, printed, read (pure)
    counting.py    totals, and what of them may be shown (pure)
    casting.py      who may vote now, and taking a ballot
    conducting.py  opening, closing, results
    protocol.py    the record of a count, as a document
    sheet.py       slips to be printed

What becomes a fact, from when to when, and of how few nothing is shown, stands in the definition of the
task (`ballot:`, docs/definitions.md). What an operator with the database could still see: docs/adr/0030.
"""
