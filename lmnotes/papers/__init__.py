"""A folder per paper: its experiment, its figures; none knows another."""
