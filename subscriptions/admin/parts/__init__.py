"""What every page of the admin is built from."""
