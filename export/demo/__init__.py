"""`oddline demo`: the whole way from a log to verdicts, on a log that it makes itself."""
