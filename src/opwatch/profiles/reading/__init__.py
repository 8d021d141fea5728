"""From an answer of an API to findings about its operations."""
