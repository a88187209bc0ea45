"""The board's own instruments; one module for each subsystem.

Each takes what it reads from the outside as arguments: a `Files` (small system files below a root that can be moved)
and a `Run` (a command's output, or None). So tests replay what was recorded on boards that are not at hand, and a
machine without any of these files and tools gives empty answers instead of errors.
"""
