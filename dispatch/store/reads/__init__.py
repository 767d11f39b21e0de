"""What screens show: read apart from what the core changes, as plain values."""
