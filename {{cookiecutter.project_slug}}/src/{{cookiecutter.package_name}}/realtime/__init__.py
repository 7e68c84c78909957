"""The Socket.IO edge: the namespaces and their events, nothing else."""
