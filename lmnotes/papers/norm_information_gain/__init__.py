"""Norm information gain."""
