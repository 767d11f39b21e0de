"""JT/T 808, the wire of terminals in Chinese vehicles (TCP, big-endian), editions 2011 to 2019."""
