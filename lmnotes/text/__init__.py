"""Where words and texts come from."""
