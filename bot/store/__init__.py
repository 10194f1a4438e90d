"""Rows of the shops: schema, migrations, and the access functions that are the only way to them."""
