"""Passages of a document into drafts, by rules or by a model."""
