"""Every statement of the notifier.

notices.py    what letters tell of: the events, and what was reported with them
segments.py   texts in several segments, and which of them have arrived
documents.py  letters and bulletins, and what they are drawn up from
bulletins.py  what a bulletin counts
"""
