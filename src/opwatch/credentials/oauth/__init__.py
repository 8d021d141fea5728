"""OAuth 2.0: the grants that a program can use, and the endpoint that answers them."""
