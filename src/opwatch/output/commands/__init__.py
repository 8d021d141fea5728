"""What each command prints of its own."""
