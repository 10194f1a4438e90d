"""Product photos: what they show, how good they are, which are the same."""
