"""A conversation: one turn and the state so far → what is said and the new state."""
