"""Recipes made into dialogues that a model learns from; `writing.py` has what others call."""
