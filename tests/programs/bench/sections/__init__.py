"""Sections of the benchmark, each run in its own process by ``section``."""
