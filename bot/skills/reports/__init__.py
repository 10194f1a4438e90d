"""What sells, and what is left of it."""
