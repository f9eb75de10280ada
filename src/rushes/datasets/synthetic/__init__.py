"""Small films rendered on the spot, whose truth is known frame by frame."""
