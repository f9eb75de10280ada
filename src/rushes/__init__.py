"""From footage and a sheet of labels to a served classifier of frames and shots."""
