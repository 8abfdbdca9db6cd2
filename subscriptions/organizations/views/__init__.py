"""Views of an organization."""
