"""The front door for Python, and the landing that the command line starts from.

Wires the rooms of the middle together: a plan says what is to be watched, a
session carries it out.
"""
