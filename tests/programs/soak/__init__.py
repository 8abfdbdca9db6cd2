"""The long run in which everything is killed again and again: ``make soak``."""
