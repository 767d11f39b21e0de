"""What goes out: things of the core as clients read them, by the rights of the caller."""
