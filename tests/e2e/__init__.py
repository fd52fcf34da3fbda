"""Peers that no one here wrote: Postfix, Dovecot, Kannel and an SMPP server. Run by `make e2e` alone."""
