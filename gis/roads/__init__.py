"""Roads: from OpenStreetMap or tables to travel times, snapping and routes."""
