"""The site configuration that the kernel passes to CASA through ``CASASITECONFIG``.

casaconfig executes this file (it does not import it) before the user's own ``~/.casa/config.py``, which can thus
override every line. CASA looks for measures data in ``~/.casa/data``, and cannot be imported if there are none; the
copy in the ``casadata`` wheel is used instead.
"""

import importlib.util
import os

_own_table = os.path.expanduser("~/.casa/data/geodetic/IERSeop2000")
_wheel = importlib.util.find_spec("casadata")

if _wheel is not None and _wheel.origin is not None and not os.path.isdir(_own_table):
    measurespath = os.path.join(os.path.dirname(_wheel.origin), "__data__")
    # pip manages the wheel's folder, not casaconfig: an update could not write there, and would use the network.
    measures_auto_update = False
    data_auto_update = False
