"""Analogy."""
