"""The launcher of kernels in containers, by the name that kernelspecs of earlier versions have for it."""

from __future__ import annotations

import sys

from .launchers.kernel import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
