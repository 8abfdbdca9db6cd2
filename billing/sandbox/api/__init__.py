"""The API that the product calls."""
