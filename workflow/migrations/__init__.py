"""Migrations of the tables, run by Alembic. The files of `versions/` are numbered in their order."""
