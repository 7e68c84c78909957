"""The storm: clients that write and listen while workers, Redis and connections are killed."""
