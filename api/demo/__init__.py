"""A day in a company that does not exist, lived through the calls that a real one would use."""
