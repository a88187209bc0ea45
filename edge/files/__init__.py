"""From paths to lines: which files are read, and their bytes as blocks of lines."""
