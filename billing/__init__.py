"""Buying by card: checkout, settlement, refunds, documents; builds on ``subscriptions``."""
