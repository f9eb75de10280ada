"""One application of the API, reviews, footage and runs."""
