"""Pages of purchases and their documents."""
