"""The notifier's statements, a theme a file.

addresses.py    where people can be reached, how they wish to be told, what they switched off
digests.py      moments of digests, their readers, what they show
links.py        action links
notices.py      what outgoing rows tell of
"""
