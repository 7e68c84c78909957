"""Jobs by dramatiq on Redis; in the process itself where there is no Redis."""
