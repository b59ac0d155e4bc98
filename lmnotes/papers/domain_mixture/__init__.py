"""Domain mixture."""
