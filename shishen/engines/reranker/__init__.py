"""Second-stage scoring of what the index found."""
