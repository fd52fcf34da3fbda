"""The notifier's statements, a theme a file.

addresses.py    where people can be reached, how they wish to be told, what they switched off
links.py        action links
"""
