"""The detector `access`: how odd a request in a web access log is, by a network that learnt a site's own requests."""
