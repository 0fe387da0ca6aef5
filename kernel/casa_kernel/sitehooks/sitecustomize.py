"""Prepare each Python that a notebook's process starts; this folder is first in its PYTHONPATH.

In the kernel's own Python, CASA's modules are changed so that they work there (``casa_kernel.drawing.child_start``);
any other Python, down to Python 2, is not affected. Then the ``sitecustomize`` module that would have been run without
us is run.
"""

import os
import sys


def _leave(folder):
    # type: (str) -> None
    """Remove this folder from sys.path: no other code needs it. The variable keeps it, for grandchildren."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) != folder]


def _adopt(root):
    # type: (str) -> None
    this = " ".join([".".join(map(str, sys.version_info[:2])), sys.prefix])
    if os.environ.get("CASA_DESKTOP_KERNEL_PYTHON") != this:
        return
    # If the kernel's Python finds these packages only through PYTHONPATH, other code must not find them.
    sys.path.append(root)
    try:
        from casa_kernel.drawing import child_start

        child_start.adopt()
    except ImportError:
        # The packages have been removed, or replaced, since the kernel was started.
        pass
    finally:
        sys.path.remove(root)


def _give_way():
    # type: () -> None
    """Run the next module with this name."""
    ours = sys.modules.pop("sitecustomize")
    try:
        __import__("sitecustomize")
    except ImportError as error:
        # Python looks up the module that it has run.
        sys.modules["sitecustomize"] = ours
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise


_folder = os.path.dirname(os.path.abspath(__file__))
_leave(_folder)
_adopt(os.path.dirname(os.path.dirname(_folder)))
_give_way()
