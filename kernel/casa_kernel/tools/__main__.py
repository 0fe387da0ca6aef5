"""``python -m casa_kernel.tools``: lists CASA's native tools, unpacks them, runs one."""

from __future__ import annotations

import sys

from .appimages import main

if __name__ == "__main__":
    sys.exit(main())
