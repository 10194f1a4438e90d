#!/bin/sh
# Finds a Python 3.11 (uv fetches one where there is none) and runs scripts/setup.py with it.
set -eu

here=$(dirname "$0")

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; }

if [ -n "${PYTHON:-}" ]; then
    is_311 "$PYTHON" && exec "$PYTHON" "$here/setup.py" "$@"
    echo "setup: PYTHON=$PYTHON is not a Python 3.11. Leave PYTHON unset, or give the path of one." >&2
    exit 1
fi

for candidate in python3.11 python3 python; do
    is_311 "$candidate" && exec "$candidate" "$here/setup.py" "$@"
done

if command -v uv >/dev/null 2>&1; then
    found=$(uv python find 3.11 2>/dev/null) || {
        echo "setup: no Python 3.11 here; uv fetches one" >&2
        uv python install --quiet 3.11 || {
            echo "setup: uv could not fetch Python 3.11 (is there a network?). Install Python 3.11 and try again." >&2
            exit 1
        }
        found=$(uv python find 3.11)
    }
    exec "$found" "$here/setup.py" "$@"
fi

seen=$(python3 --version 2>/dev/null || echo "no Python at all")
echo "setup: Python 3.11 is needed and was not found (python3 is: $seen)." >&2
echo "       Install it (Debian: apt install python3.11 python3.11-venv; macOS: brew install python@3.11)," >&2
echo "       or install uv, which brings one. Another path: make setup PYTHON=/path/to/python3.11" >&2
exit 1
