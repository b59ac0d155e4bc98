"""What the command line does: order, watch, execute, fingerprint, record, show."""
