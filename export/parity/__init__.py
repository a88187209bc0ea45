"""The proof that an exported model is the trained one: on which records, how far apart, and within which limits."""
