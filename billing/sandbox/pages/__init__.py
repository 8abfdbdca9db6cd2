"""The pages people see: hosted checkout, 3D Secure, dashboard."""
