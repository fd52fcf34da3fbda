"""One behaviour suite over both databases, and what it needs."""
