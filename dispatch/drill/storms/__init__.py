"""The drill: storms and calm days with a known truth, and how well each method told it."""
