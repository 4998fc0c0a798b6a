"""The HTTP server: OpenAI-compatible API and the page."""
