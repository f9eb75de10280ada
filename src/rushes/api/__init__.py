"""The programs' door: predictions, explanations and jobs over HTTP."""
