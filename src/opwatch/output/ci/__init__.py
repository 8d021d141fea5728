"""What a CI system is sent beside the log: its commands, its files, its masks."""
