"""What the product does. Talks to ports, never to a framework."""
