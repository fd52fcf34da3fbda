"""From what must be told to what has arrived: the notifier reads what the engine left, and sends it.

outgoing row ─► take ─► gather ─► render, keep the bytes ─► send ─► receipt
 (engine)      who, where  merge, quiet hours, budgets     channel   mail, SMS, chat

models.py     the tables
states.py     the states of a delivery and what each means
content.py    what a delivery says, before it takes the form of a channel
notices/      what people read of events
wording.py    the sentences, by name; an organisation's own
rendering.py  the templates; dates.py says days
preview.py    every message as files
channel.py    what a channel must offer, and how a try can end
"""
