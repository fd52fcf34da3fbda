"""Every statement of the notifier.

notices.py    what letters tell of: the events, and what was reported with them
segments.py   texts in several segments, and which of them have arrived
"""
