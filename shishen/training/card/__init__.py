"""The data card: what is in a dataset and what was left out, as numbers (`card.json`) and a page (`card.html`)."""
