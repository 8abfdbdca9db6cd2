"""Organizations, their members, terms and licenses. Knows nothing of card payments."""
