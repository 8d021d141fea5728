"""What a profile may say: one module for each key of the YAML."""
