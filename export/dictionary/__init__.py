"""The log dictionary: mined from a log, or begun with templates that are known beforehand."""
