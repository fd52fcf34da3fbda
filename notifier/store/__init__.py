"""Every statement of the notifier.

addresses.py    where people can be reached, how they wish to be told, what they switched off
bulletins.py    what a bulletin counts
channels.py     channels that pause or rest, and what has been spent on them
deliveries.py   new deliveries, what is gathered into them, their bytes
digests.py      moments of digests, their readers, what they show
documents.py    letters and bulletins, and what they are drawn up from
links.py        action links
notices.py      what letters tell of: the events, and what was reported with them
queue.py        the channels' queues, and what came of tries
retention.py    what was sent long ago loses its words
segments.py     texts in several segments, and which of them have arrived
taking.py       what the engine left, and what the office must know of it
testing.py      a test of a channel
under_way.py    how many messages are in each state
"""
