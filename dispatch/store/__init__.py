"""PostgreSQL with PostGIS: the only SQL of the house."""
