"""Tables: rows of separated values (CSV), whose columns are told by their names."""
