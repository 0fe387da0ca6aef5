#!/bin/sh
# Installs our wheel below /own, as it will lie below /: a layer of some MB above the one with CASA.
set -eu
python=/opt/casa/bin/python
"$python" -m pip install --no-cache-dir --no-index --no-deps --root /own /wheel/*.whl
site=$(echo /own/opt/casa/lib/python3*/site-packages)
# The kernelspec bears CASA's version, and plain CASA, as under mpirun, finds its measures data where the kernel does.
PYTHONPATH=$site "$python" -c '
from pathlib import Path
from casa_kernel.casa.kernelspec import name_version
print(name_version(Path("/own/opt/casa")))'
cp "$site/casa_kernel/casa/siteconfig.py" /own/opt/casa/casasiteconfig.py
PYTHONPATH=$site "$python" -m pip check
