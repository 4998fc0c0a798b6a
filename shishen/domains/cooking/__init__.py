"""All that is known of food."""
