"""Start the CASA kernel, as Jupyter does: ``python -m casa_kernel -f CONNECTION_FILE [-- CASA'S OPTIONS]``.

Kernelspecs use another command line, which keeps the working folder off ``sys.path``
(``casa_desktop.system.pythonpath``).
"""

from __future__ import annotations

# Before all other imports, because the user's folder may contain modules with the same names.
from .checks import working_folder

working_folder.leave()

import gc
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Optional

from casa_desktop import names
from casa_desktop.errors import CasaDesktopError
from casa_desktop.network import connection_arguments, isolate
from casa_desktop.system import descriptors, mpi_variables

from .casa import imports
from .casa.task_names import CasaNames
from .drawing import child_start
from .jupyter import process_folders
from .jupyter.loading import Loading

if TYPE_CHECKING:
    from .ranks.link import Link


def _link() -> Optional[Link]:
    """Return the connection to the launcher of a kernel over MPI, and prepare CASA for it; None in any other kernel."""
    if names.RANKS not in os.environ:
        # Otherwise CASA would take the kernel for a rank of the program under which Jupyter was started.
        mpi_variables.scrub(os.environ)
        return None
    from .casa import servers
    from .ranks.link import joined

    servers.prepare()
    return joined(os.environ)


def main() -> None:
    """Run the kernel."""
    # Nearly all objects that are made during imports stay: to search them for garbage takes a tenth of the start. The
    # kernel switches the collector on again when its namespace is complete.
    gc.disable()
    link = _link()
    moved = process_folders.complete(os.environ)
    imports.prepare(os.environ)
    descriptors.raise_limit()
    # casaconfig and casaviewer look for their own options in the command line of the process.
    arguments, sys.argv[1:] = connection_arguments.split(sys.argv[1:])
    tasks = CasaNames()
    tasks.watch()
    # Before any thread starts, and so before CASA's C++ is loaded.
    if link is None:
        home = isolate.move_in(connection_arguments.file(arguments), os.environ, connection_arguments.said(arguments))
    else:
        home = link.home()
    arguments += connection_arguments.arguments(home.chosen)
    try:
        loading, reason = Loading(), None
    except CasaDesktopError as error:
        loading, reason = None, error
    # Imported only now, after CASA's C++ was loaded, because these imports may start threads.
    from casa_desktop.system import pythonpath

    from .jupyter import application, former_kernel, profile
    from .jupyter.kernel import CasaKernel

    pythonpath.hide(os.environ)
    child_start.announce(os.environ)

    notices = [moved]
    if loading is not None:
        private = loading.children.private
        receive = partial(home.receive_at, private.path, os.environ)
        receive()
        private.when_restored(receive)
        socket = private.path / isolate.HELPER_SOCKET
        if socket.exists():
            private.keep(socket, receive)
        notices.append(profile.find_room(loading.children.private.path, os.environ))
        notices.append(former_kernel.notice(private, connection_arguments.file(arguments)))
    notices.append(home.notice)
    CasaKernel.loading, CasaKernel.reason, CasaKernel.notices = loading, reason, list(filter(None, notices))
    CasaKernel.tasks, CasaKernel.link = tasks, link
    application.use(home)
    application.IPKernelApp.launch_instance(
        argv=arguments, kernel_class=CasaKernel, outstream_class="casa_kernel.jupyter.streams.NativeStream"
    )


if __name__ == "__main__":
    main()
