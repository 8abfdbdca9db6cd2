"""Organizations, their members, terms and licenses. Knows nothing about card payments."""
