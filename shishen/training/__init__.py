"""Training: from examples in whatever format to a tuned model folder; nothing here knows of stages or settings."""
