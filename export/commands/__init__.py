"""The workstation's commands: thin, and importable without the extra `export`."""
