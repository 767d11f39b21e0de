"""What a company's own closed outages say of its rates, its callers and its records."""
