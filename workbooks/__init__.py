"""Workbooks: units, people and work come in as Excel sheets, the ledger goes out as one.

    problems.py  what is wrong with a cell          opening.py   whether a file may be read at all
    cells.py     what stands in a cell, as a value  columns.py   a column: its heading, how it is read
    sheet.py     a sheet, line by line              marking.py   a copy in which wrong cells are marked
    units.py, people.py, tasks.py                   what a book says, against what is known
    taking.py    a book from file to database       paper.py     how cells look, and formulas that are none
    template.py  empty books to fill in             ledger.py    the ledger as a workbook or CSV
                                                    giving.py    from database to file, page by page

A book is judged whole before anything is written: every wrong cell is a `Problem`, and one is enough
to take nothing. Judging is pure; what is known comes in, a plan goes out.
"""
