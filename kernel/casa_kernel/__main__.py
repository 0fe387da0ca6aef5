"""``python -m casa_kernel -f CONNECTION_FILE``: Jupyter starts the kernel so."""

from __future__ import annotations

from .kernel import main

if __name__ == "__main__":
    main()
