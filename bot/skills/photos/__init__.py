"""Photos of products: looked at safely, put into categories, found again."""
