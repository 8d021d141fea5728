"""A run carried out: a plan says what is to be watched, a session watches it.

Wires profiles, credentials, http, engine and output together.
"""
