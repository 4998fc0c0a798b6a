"""Cookbooks set by script with three tools, and how well they are read: `python -m benchmarks.books`."""
