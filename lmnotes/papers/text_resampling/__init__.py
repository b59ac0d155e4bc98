"""Text resampling."""
