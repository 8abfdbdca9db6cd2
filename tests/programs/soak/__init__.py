"""The soak test, which kills every process repeatedly: ``make soak``."""
