"""HTTP, processes and configuration."""
