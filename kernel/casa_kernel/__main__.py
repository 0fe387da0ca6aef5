"""``python -m casa_kernel -f CONNECTION_FILE [-- CASA'S OPTIONS]``: Jupyter starts the kernel so."""

from __future__ import annotations

import gc
import os
import sys

from casa_desktop.errors import CasaDesktopError

from . import casa, startup
from .loading import Loading


def main() -> None:
    """Run the kernel."""
    # Nearly all that is made while modules are imported stays: to look for garbage there takes a tenth of the start.
    # The kernel looks again when its namespace is complete.
    gc.disable()
    casa.prepare(os.environ)
    # casaconfig and casaviewer look for their own options in the command line of the process.
    arguments, sys.argv[1:] = startup.split(sys.argv[1:])
    try:
        loading, reason = Loading(), None
    except CasaDesktopError as error:
        loading, reason = None, error
    # Imported now, because threads may come with them: CASA's C++ is there.
    from ipykernel.kernelapp import IPKernelApp

    from casa_desktop import session

    from . import profile
    from .kernel import CasaKernel

    session.hide(os.environ)

    if loading is not None:
        CasaKernel.profile = profile.find_room(loading.children.private.path, os.environ)
        loading.go_on()
    CasaKernel.loading, CasaKernel.reason = loading, reason
    IPKernelApp.launch_instance(
        argv=arguments, kernel_class=CasaKernel, outstream_class="casa_kernel.streams.NativeStream"
    )


if __name__ == "__main__":
    main()
