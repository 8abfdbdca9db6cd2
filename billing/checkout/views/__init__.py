"""Pages of checkout."""
