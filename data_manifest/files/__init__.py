"""How files and folders are written: whole or not at all, by one writer, and only where we may."""
