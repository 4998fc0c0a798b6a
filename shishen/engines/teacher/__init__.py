"""Writing of training data by a model."""
