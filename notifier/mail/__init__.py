"""Mail: a content becomes RFC 5322 bytes, goes out by SMTP, and what comes back is read.

settings.py   what a channel of mail needs to know
"""
