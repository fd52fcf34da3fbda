"""Every statement of the notifier.

addresses.py  where people can be reached, how they wish to be told, what they switched off
digests.py    moments of digests, their readers, what they show
links.py      action links
notices.py    what letters tell of: the events, and what was reported with them
segments.py   texts in several segments, and which of them have arrived
"""
