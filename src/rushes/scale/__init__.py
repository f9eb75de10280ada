"""The same work on many items: in this process, in a pool of processes here, or on a cluster."""
