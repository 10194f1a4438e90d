"""What the assistant can do, as plain calls; nothing here knows Rasa or a channel."""
