"""What answers of a model are worth beside the right ones: a metric a file, summaries with intervals, the page."""
