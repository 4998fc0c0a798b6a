"""Layout: the spans of a page → its lines in reading order. Knows nothing of food, only of where things stand."""
