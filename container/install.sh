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
    # Nothing is looked for beside the lock file, which has everything: Debian 12's pip would take the newest version of
    # what another one asks for with an extra, and fail because that is not pinned. own.sh checks that all fits.
    "$venv/bin/pip" install --no-cache-dir --no-deps --require-hashes -r "$lock" ;;
"resolved ")
    "$venv/bin/python" requirements.py pyproject.toml > wanted.txt
    "$venv/bin/pip" install --no-cache-dir -r wanted.txt ;;
*)
    exit ;;
esac
"$venv/bin/python" unpack.py "$venv"

# The tests of the largest libraries, with their data; numpy and astropy import some of their own.
site=$(echo "$venv"/lib/python3*/site-packages)
find "$site/scipy" "$site/matplotlib" "$site/astroquery" -type d -name tests -prune -exec rm -rf {} +
