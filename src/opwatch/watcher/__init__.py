"""The heart: what is asked when, what an answer means, and when a run is over."""
