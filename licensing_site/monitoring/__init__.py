"""Logs, the line of each request, probes and metrics.

Doors: all modules.
"""
