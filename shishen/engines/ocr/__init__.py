"""Reading the text in pictures of pages."""
