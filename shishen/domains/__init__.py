"""The domains: what is known of a subject."""
