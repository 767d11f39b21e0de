"""One router for each kind of user."""
