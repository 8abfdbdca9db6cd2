"""Running it: options, store, clock and HTTP server. Stands on nothing else here."""
