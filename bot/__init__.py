"""Shopclerk: a chat-first assistant for people who sell online."""
