"""Model map."""
