"""Sgns."""
