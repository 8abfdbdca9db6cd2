"""``make bench``: measure the product's performance."""
