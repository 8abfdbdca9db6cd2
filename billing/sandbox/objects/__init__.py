"""Builders of Stripe's objects, each with every key the real one has."""
