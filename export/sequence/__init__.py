"""The detector `sequence`: how odd a session is, by its events, their order, their numbers, and its end."""
