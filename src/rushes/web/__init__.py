"""What every server of rushes shares: the socket, who may speak to it, errors, and the files of the page."""
