"""The detector `line`: how odd a line of any text log is, by a network that learnt the tokens of normal lines."""
