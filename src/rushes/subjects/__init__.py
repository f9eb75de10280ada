"""Who and what is in a picture: faces and objects, found by models that are read from files."""
