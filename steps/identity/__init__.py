"""The built-in identity schema: tenants, users, roles and permissions, for applications that have none."""
