"""YAML: text to nodes that know their positions, and nodes to typed values."""
