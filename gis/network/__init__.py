"""The electrical network: its model, its readers, tracing and a text notation."""
