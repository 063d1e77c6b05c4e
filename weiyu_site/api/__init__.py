"""The conventions that every family of the API shares: shape, lists, writing, errors, schema."""
