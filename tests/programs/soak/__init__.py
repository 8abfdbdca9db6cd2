"""The soak test, in which every process is killed again and again: ``make soak``."""
