"""A script per claim: each measures rushes and a peer in the same run, and says what it found."""
