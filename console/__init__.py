"""The web: pages, forms, API."""
