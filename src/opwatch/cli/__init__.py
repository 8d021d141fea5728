"""The command line: the only room that imports click. Parse, plan, run, exit."""
