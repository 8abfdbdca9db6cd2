"""A local Stripe for development, the demo and the tests: its own process, its own store.

It shares no code with the application, accepts test keys only and listens on loopback only.
The application knows it as nothing but an address to which the official SDK talks.
"""
