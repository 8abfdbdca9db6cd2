"""Documents to print or file."""
