"""YAML text to nodes that know where they stand, and what may be in them."""
