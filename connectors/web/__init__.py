"""The web door: merchant console, shop widget, and the JSON API that both talk to."""
