from __future__ import annotations

import os
import sys

from casa_desktop.containers.container import Container
from casa_desktop.kernels.unwritten import Draft, made


def test_a_run_s_own_kernel_in_a_container_names_the_provisioner_that_every_run_has() -> None:
    sandbox = made(Draft(container=Container("bwrap", python=sys.executable)), os.environ)
    assert sandbox.spec["metadata"]["kernel_provisioner"] == {"provisioner_name": "casa-desktop"}
