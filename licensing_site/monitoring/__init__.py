"""Logs, request logging, probes and metrics.

Public modules: all modules.
"""
