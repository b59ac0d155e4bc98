"""Word vectors and what they encode."""
