"""Digests, rendering, channels, delivery: how what the engine decided reaches people."""
