"""Made-up counties and simulated days, to train people and to measure the product."""
