"""Logs, request logging, probes and metrics.

Doors: all modules.
"""
