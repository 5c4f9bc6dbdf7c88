"""The verbs of the library, each a function that does from Python what a command does."""
