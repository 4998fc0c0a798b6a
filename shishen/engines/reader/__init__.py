"""Readers of recipe files: each recognises its format from the content."""
