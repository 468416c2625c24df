"""Monitoring: what has changed, and what asks for action."""
