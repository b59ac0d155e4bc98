"""What makes notebooks repeatable; knows no science."""
