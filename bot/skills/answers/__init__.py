"""Customers' questions, answered from what the shop says of itself, or handed over."""
