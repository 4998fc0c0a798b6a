"""Writers: each writes recipes in the format of another program; the file's name is the format's name."""
