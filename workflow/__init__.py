"""The engine: definitions, decisions, clocks, escalations. It knows no mail and no web."""
