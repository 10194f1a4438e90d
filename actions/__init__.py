"""The action server: one thin file per topic that fetches, calls a skill, and utters its replies."""
