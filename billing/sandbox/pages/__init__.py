"""The pages a person sees: hosted checkout, 3D Secure, dashboard."""
