"""Calls Rasa's own command line in this process, quiet and patched."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path

# Set before anything of Rasa or TensorFlow is imported.
ENVIRONMENT = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "SHOPCLERK_ACTIONS_PORT": "5055",
    "SHOPCLERK_ACTIONS_SECRET": "",
    "SHOPCLERK_TRACKER_URL": "sqlite:///var/rasa.db",
}


def set_up() -> None:
    """Defaults of the environment, silence of libraries that complain about each other, and the patches."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    sys.path.insert(0, str(Path.cwd()))
    import sanic  # noqa: F401 - it brings a filter of its own back, so ours has to come after

    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.filterwarnings("ignore", category=category)
    warnings.filterwarnings("ignore", module="matplotlib")
    from nlu import patches

    patches.apply()


def hush() -> None:
    """Only warnings and worse are logged, for commands whose standard output is data."""
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    configure_logging_and_warnings(logging.WARNING)
    configure_structlog(logging.WARNING)


def call_rasa(arguments: list[str]) -> int:
    """Run `rasa ARGUMENTS` and return its exit code."""
    set_up()
    from rasa.__main__ import main

    sys.argv = ["rasa", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
