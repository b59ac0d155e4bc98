"""Higher order correlation."""
