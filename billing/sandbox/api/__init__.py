"""The API that the application calls."""
