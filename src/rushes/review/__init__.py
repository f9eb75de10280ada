"""The page on which people look and decide, and the server behind it."""
