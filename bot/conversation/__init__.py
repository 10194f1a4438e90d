"""The conversation core: messages, who owns a conversation, and the single path of a message."""
