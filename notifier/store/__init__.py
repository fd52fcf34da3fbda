"""The notifier's statements, a theme a file.

notices.py      what outgoing rows tell of
"""
