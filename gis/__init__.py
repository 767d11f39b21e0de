"""Geometry and graphs: datums, areas, addresses, the electrical network and the roads."""
