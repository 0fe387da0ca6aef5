"""Run by every Python that a notebook's process starts, for this folder is first in its PYTHONPATH.

The kernel's own Python gets a CASA that works there (``casa_kernel.offspring``); any other one, down to Python 2,
notices nothing. Then the module of this name that would have been run without us is run, in our place.
"""

import os
import sys


def _leave(folder):
    # type: (str) -> None
    """Take this folder out of the path: what is in it is for nobody else. The variable keeps it, for grandchildren."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each) != folder]


def _adopt(root):
    # type: (str) -> None
    this = " ".join([".".join(map(str, sys.version_info[:2])), sys.prefix])
    if os.environ.get("CASA_DESKTOP_KERNEL_PYTHON") != this:
        return
    # Where the kernel's Python finds these packages by PYTHONPATH alone, others are not to.
    sys.path.append(root)
    try:
        from casa_kernel import offspring

        offspring.adopt()
    except ImportError:
        # They have gone, or been replaced, since the kernel was started.
        pass
    finally:
        sys.path.remove(root)


def _give_way():
    # type: () -> None
    """Run the next module of this name, in our place."""
    ours = sys.modules.pop("sitecustomize")
    try:
        __import__("sitecustomize")
    except ImportError as error:
        # Python looks for the module that it has run.
        sys.modules["sitecustomize"] = ours
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise


_folder = os.path.dirname(os.path.abspath(__file__))
_leave(_folder)
_adopt(os.path.dirname(os.path.dirname(_folder)))
_give_way()
