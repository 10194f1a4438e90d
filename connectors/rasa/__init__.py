"""The dialogue engine behind HTTP: Rasa with the project's own input channel."""
