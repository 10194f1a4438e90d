"""The Rasa side of Shopclerk: what was meant and what to do next; the only folder that imports rasa."""
