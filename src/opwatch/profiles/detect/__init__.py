"""From a URL to the profile that knows it."""
