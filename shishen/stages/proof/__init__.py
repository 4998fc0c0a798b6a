"""What the report shows: sheets with a picture and its regions beside the dishes, as HTML."""
