"""Metadata of photographs in XMP (ISO 16684-1): what editors read and write beside, or inside, a file."""
