"""Made-up arrivals, true and false, with a known truth: what the evidence makes of them."""
