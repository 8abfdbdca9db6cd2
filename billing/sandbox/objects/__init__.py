"""Builders of Stripe's objects, each with all keys of the real one."""
