"""Universal geometry."""
