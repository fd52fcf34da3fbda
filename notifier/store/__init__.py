"""The notifier's statements, a theme a file.

segments.py     the segments of texts that were accepted in several
"""
