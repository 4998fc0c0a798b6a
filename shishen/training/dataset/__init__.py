"""A dataset on its way: recipes in parts to examples, and the folder that they end in."""
