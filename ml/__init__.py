"""Models: arrays and texts in, arrays and texts out; nothing here knows of chat, shops or Rasa."""
