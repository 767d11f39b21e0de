"""The database, step by step; read by dispatch.store.migrate."""
