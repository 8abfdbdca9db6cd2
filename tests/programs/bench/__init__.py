"""``make bench``: how fast the product is, against what the same machine does beside it."""
