"""What the ports are made of: one package a technology."""
