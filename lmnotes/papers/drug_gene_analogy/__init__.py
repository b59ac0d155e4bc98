"""Drug gene analogy."""
