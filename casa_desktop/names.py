"""The names by which processes know each other: environment variables, and the programs one process starts another by.

A name that two processes must agree on stands here once; ``docs/`` describes those that users set.
"""

from __future__ import annotations

# Set by users and administrators.
DESKTOP_NAME = "CASA_DESKTOP_NAME"
IDLE_MINUTES = "CASA_DESKTOP_IDLE_MINUTES"
LIFETIME_MINUTES = "CASA_DESKTOP_LIFETIME_MINUTES"
MOST_DESKTOPS = "CASA_DESKTOP_MOST_DESKTOPS"
KEEP_TOOLS = "CASA_DESKTOP_KEEP_TOOLS"
NETWORK = "CASA_DESKTOP_NETWORK"
REUSE = "CASA_DESKTOP_REUSE"
RUNTIME_DIR = "CASA_DESKTOP_RUNTIME_DIR"
STORE = "CASA_DESKTOP_STORE"
TOOLS = "CASA_DESKTOP_TOOLS"
TOOL_MEMORY = "CASA_DESKTOP_TOOL_MEMORY"
UNATTENDED = "CASA_DESKTOP_UNATTENDED"
X_SERVER = "CASA_DESKTOP_X_SERVER"

# Set by us for child processes. The server's address of the desktop's page, for kernels, and the server's process id:
URL = "CASA_DESKTOP_URL"
URL_SERVER = "CASA_DESKTOP_URL_SERVER"
# The socket of a container's launcher, and that of a kernel's helper outside of its network:
OUTSIDE = "CASA_DESKTOP_OUTSIDE"
HOST_HELPER = "CASA_DESKTOP_PORTER"
# The descriptor on which a container's launcher says that the kernel runs:
READY_FD = "CASA_DESKTOP_READY_FD"
# Which supervisor a process belongs to, and which session of its desktop:
SUPERVISED = "CASA_DESKTOP_SUPERVISED"
SESSION = "CASA_DESKTOP_SESSION"
# The Python of the kernel whose cell started this one (sitehooks/sitecustomize.py has it, too, and imports nothing):
KERNEL_PYTHON = "CASA_DESKTOP_KERNEL_PYTHON"

# The socket of the launcher of a kernel over MPI, in the environment of each rank:
RANKS = "CASA_DESKTOP_RANKS"

# Programs, as ``python -m`` takes them.
AGENT = "casa_desktop.desktop.agent"
CONTAINED_DESKTOP = "casa_desktop.launchers.desktop"
CONTAINED_INIT = "casa_desktop.launchers.init"
CONTAINED_KERNEL = "casa_desktop.launchers.kernel"
HERE_QUEUE_PROGRAM = "casa_desktop.batch.here_queue"
HOST_HELPER_PROGRAM = "casa_desktop.launchers.host_helper"
JOB_PROGRAM = "casa_desktop.batch.job"
NETWORK_PROGRAM = "casa_desktop.network.namespace"
OPEN_URL = "casa_desktop.desktop.open_url"
RANKS_LAUNCHER = "casa_kernel.ranks.launcher"
RANKS_TRIAL = "casa_kernel.ranks.trial"
RANKS_SERVER = "casa_kernel.ranks.server"
PAGE_PROGRAM = "casa_desktop.web.kernel_page"
SCALE = "casa_desktop.x11.scale_program"
SCREENSHOT = "casa_desktop.x11.screenshot_program"
SUPERVISOR = "casa_desktop.desktop.supervisor"
TABLE_READER = "casa_kernel.casa.written"
TOOLS_PROGRAM = "casa_kernel.tools"
USE = "casa_desktop.x11.use_program"
VIDEO_PROGRAM = "casa_desktop.video.program"

# Programs of other projects; the first that is on PATH is used. Xvnc has two names: the usual one, and Debian's.
X_SERVERS = ("Xvnc", "Xtigervnc")
WINDOW_MANAGERS = ("icewm",)

# The launcher's name in kernelspecs that were written before it moved.
CONTAINED_KERNEL_BEFORE = "casa_desktop.outside"
