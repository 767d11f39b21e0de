"""Roads: from OpenStreetMap or tables to a graph of arrays, and from the graph to travel times."""
