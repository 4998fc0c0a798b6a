"""A page of a PDF: its text with places, what is drawn on it, whether its text layer is text."""
