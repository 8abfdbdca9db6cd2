"""What people read: texts."""
