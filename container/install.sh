#!/bin/sh
# Installs CASA, JupyterLab and the rest into /opt/casa, once: `install.sh pinned` where a lock file fits this Python
# and $CASA, `install.sh resolved` where none does. Two steps, so that only the second depends on pyproject.toml.
set -eu
venv=/opt/casa
python=$("$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
lock=$(find locks -name "casa-${CASA:-*}-python$python.txt" | sort | tail -n 1)

case "$1 $lock" in
"pinned ")
    echo "No lock file pins CASA ${CASA:-} for Python $python: it is resolved from pyproject.toml."
    exit ;;
"pinned "*)
    "$venv/bin/pip" install --no-cache-dir --require-hashes -r "$lock" ;;
"resolved ")
    "$venv/bin/python" requirements.py pyproject.toml > wanted.txt
    "$venv/bin/pip" install --no-cache-dir -r wanted.txt ;;
*)
    exit ;;
esac
"$venv/bin/python" unpack.py "$venv"
