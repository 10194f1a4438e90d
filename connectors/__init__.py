"""Doors of the assistant, one folder each: verify, parse, send; no models."""
