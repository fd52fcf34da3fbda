"""The web: where people act, look and judge.

accounts/   who may sign in, and how
models.py   the tables
store/      every statement
"""
