"""What an operation watch *is*: pure facts and pure decisions.

Nothing here reads a clock, awaits, or imports a library. The other rooms pass
each other the types of this one.
"""
