"""The parts of the command line; each module has `register(app)`."""
