"""Indexes of the questions that recipes answer."""
