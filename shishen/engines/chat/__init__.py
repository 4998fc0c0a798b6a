"""Phrasing of grounded answers."""
