"""Tells CASA, outside of our kernel, to take its measures data from the casadata wheel and to ask no network."""

import importlib.util
import os

measurespath = os.path.join(os.path.dirname(importlib.util.find_spec("casadata").origin), "__data__")
measures_auto_update = False
data_auto_update = False
