"""What several use cases do in the same way, inside the transaction they are given."""
