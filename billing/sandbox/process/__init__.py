"""The process of the sandbox: options, store, clock and HTTP server. Imports nothing else of it."""
