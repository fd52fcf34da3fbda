"""Accounts: who may sign in, and how.

passwords.py       argon2id; which passwords are too weak
totp.py            the second factor
lockout.py         how long an account rests after wrong ones
signing_in.py      sessions, kept on the server
oidc.py            the organisation's own sign-in, which vouches for people
tokens.py          programs, in their owner's name
administering.py   the first account, the three administrators, giving and closing accounts
"""

from __future__ import annotations

from .passwords import Passwords
from .signing_in import Door, Lasting, Secrets, Visitor

__all__ = ["Door", "Lasting", "Passwords", "Secrets", "Visitor"]
