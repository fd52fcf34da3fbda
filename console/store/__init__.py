"""Every statement of the console.

accounts.py   who may sign in
sessions.py   who has
tokens.py     what lets programs in
requests.py   what programs have asked for and sent
webhooks.py   whom events are told to
"""
