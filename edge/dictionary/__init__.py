"""The log dictionary: the templates of a log's lines, with ids that stay."""
