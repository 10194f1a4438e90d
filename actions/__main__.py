"""`python -m actions`: serves the actions on loopback, to whoever knows the shared secret."""

from __future__ import annotations

from actions.server import main

if __name__ == "__main__":
    main()
