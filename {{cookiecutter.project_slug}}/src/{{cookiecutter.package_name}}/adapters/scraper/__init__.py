"""Prices read from a web page that has them in a table. Where they stand in it: ``layout.py``."""
