"""What the runner of a CI system is asked to do."""
