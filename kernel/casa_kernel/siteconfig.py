"""The site configuration that the kernel hands to CASA through ``CASASITECONFIG``.

casaconfig executes this file (it does not import it) before the user's own ``~/.casa/config.py``, which can
thus overrule every line. CASA looks for measures data in ``~/.casa/data`` and, where there is none, refuses
to be imported; the ``casadata`` wheel has a copy, which is used instead.
"""

import importlib.util
import os

_own_table = os.path.expanduser("~/.casa/data/geodetic/IERSeop2000")
_wheel = importlib.util.find_spec("casadata")

if _wheel is not None and _wheel.origin is not None and not os.path.isdir(_own_table):
    measurespath = os.path.join(os.path.dirname(_wheel.origin), "__data__")
    # The wheel's folder is pip's, not casaconfig's: an update could not write there, and would ask the network.
    measures_auto_update = False
    data_auto_update = False
