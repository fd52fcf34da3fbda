"""From what must be told to what has arrived: the notifier reads what the engine left, and sends it.

outgoing row ─► take ─► gather ─► render, keep the bytes ─► send ─► receipt
 (engine)      who, where  merge, quiet hours, budgets     channel   mail, SMS, chat

models.py           the tables
states.py           the states of a delivery and what each means

what is said
content.py          what a delivery says, before it takes the form of a channel
notices/            what people read of events
digests/            what they read once a day or week
documents/          letters that are signed, bulletins
wording.py          the sentences, by name; an organisation's own
rendering.py        the templates
preview.py          every message as files

which way it takes
channel.py          what a channel must offer, and how a try can end
mail/               mail; sms/ text messages; chat.py chats; folder.py files
secrets.py          secrets of the settings: named where they lie, never written down
masking.py          addresses as they may be shown

to whom and when
office/             one round: take, write, claim, send, record, look for receipts, report
office_settings.py  how fast, how often, within which budgets
taking.py           from what was left to deliveries that gather it
recipients.py       who is told, and where
manners.py          when: merging, quiet hours, working days
retrying.py         what the end of a try means
rates.py            how fast a channel may go
budgets.py          how many messages may go
restored.py         after a restore nothing is sent until a person says so
handling.py         what operators do to messages and channels
retention.py        how long the words of messages are kept

for operators
settings.py         the settings file, read strictly; mistakes.py says what is wrong with it
channels.py         which kinds of channels there are
wiring.py           from the settings to everything that works beside the engine
addresses.py        addresses and wishes as people type them
links.py            action links, unsubscribe links; redaction.py takes their tokens out of logs
reading.py          what operators look at; screens.py as columns, bodies.py as text
doctor.py           what is wrong or odd with messages

store/              every statement
"""
