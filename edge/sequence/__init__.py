"""Sessions of events: ready files of event ids, and log lines that are put together to sessions."""
