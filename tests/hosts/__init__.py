"""Several hosts on one machine: a network that can be cut, the hosts in it, and who watches."""
