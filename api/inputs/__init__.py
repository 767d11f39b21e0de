"""What comes in, checked field by field: lengths, times, places, texts, identifiers."""
