"""Orders: read from messages, agreed on with the merchant, listed, and followed by their buyers."""
