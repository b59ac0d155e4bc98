"""Cosine similarity."""
