"""A local Stripe for development, the demo and tests, with its own process and store.

It shares no code with the application, accepts only test keys and listens only on loopback. To the
application it is only the base URL of the official SDK.
"""
