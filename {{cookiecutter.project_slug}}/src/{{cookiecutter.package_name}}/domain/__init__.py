"""What the product is about. Pure: imports only the standard library and msgspec."""
