"""Every statement of the console.

accounts.py   who may sign in
sessions.py   who has
"""
