"""A picture of a page: its lines of text and its rules found, laid flat, put right by their ink."""
