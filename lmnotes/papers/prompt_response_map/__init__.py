"""Prompt response map."""
