"""What the host writes when all is well."""
