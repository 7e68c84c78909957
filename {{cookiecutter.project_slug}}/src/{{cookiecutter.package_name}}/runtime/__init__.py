"""The machine room: product-independent machinery. It imports nothing of the product."""
