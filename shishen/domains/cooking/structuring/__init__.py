"""Structure by rules: the lines of a document → the dishes in it, with how sure the rules are of each field."""
