"""A selector's result -> what is drawn of it."""
