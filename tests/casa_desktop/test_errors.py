from __future__ import annotations

import errno
from pathlib import Path

import pytest

from casa_desktop import errors


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            errors.InvalidName("../x"),
            "'../x' is no name for a desktop: use 1 to 32 letters, digits, '-' or '_', "
            "beginning with a letter or digit, and none of 'api', 'shared' and 'static'.",
        ),
        (
            errors.InvalidSetting("dpi", 1, "between 30 and 600 dots per inch"),
            "dpi is 1, but should be between 30 and 600 dots per inch.",
        ),
        (
            errors.RuntimeDirectoryError(Path("/r"), "others may enter it."),
            "The runtime directory /r cannot be used: others may enter it.",
        ),
        (
            errors.Shortage(errno.ENOSPC, Path("/r/main")),
            "No room is left on the disk that holds /r/main. Make room there and try again.",
        ),
        (
            errors.Shortage(errno.EAGAIN),
            "You have as many processes and threads as you may ('ulimit -u'), or no memory is left for one more. "
            "End some, and try again.",
        ),
        (
            errors.XServerMissing(("Xvnc", "Xtigervnc"), "tigervnc-standalone-server"),
            "No X server was found: looked on PATH for Xvnc and Xtigervnc. "
            "Install it, for example with 'apt install tigervnc-standalone-server'.",
        ),
        (
            errors.WindowManagerMissing(("icewm",), "icewm"),
            "No window manager was found: looked on PATH for icewm. Install it, for example with 'apt install icewm'.",
        ),
        (
            errors.SocketFolderUnsafe(Path("/s"), "it is not a folder"),
            "No desktop can be started safely: X's sockets lie in /s, and it is not a folder. Have the administrator "
            "set it right: 'chown root:root /s; chmod 1777 /s' (or 'rm /s', if it is no folder).",
        ),
        (errors.StartFailed("main", "Xvnc ended."), "The desktop 'main' did not start: Xvnc ended."),
        (
            errors.StartTimeout("main", 2.5, "the supervisor"),
            "The desktop 'main' was not ready within 2.5 s (waiting for the supervisor). "
            "Try again; 'casa-desktop doctor' tells what is missing.",
        ),
        (
            errors.StopFailed("main"),
            "The desktop 'main' did not end. Look for its supervisor: 'pgrep -af casa_desktop.desktop.supervisor'.",
        ),
        (
            errors.NotRunning("main"),
            "The desktop 'main' is not running. Start it with 'casa-desktop start --name main' "
            "or from JupyterLab's launcher.",
        ),
        (
            errors.DesktopLost("main", "Its supervisor was killed."),
            "The desktop 'main' is not running. Its supervisor was killed. Start it with "
            "'casa-desktop start --name main' or from JupyterLab's launcher.",
        ),
        (
            errors.NotAnswering("main", 20.0),
            "The desktop 'main' has had no X server for 20 s. Start it afresh with 'casa-desktop restart --name main'.",
        ),
        (
            errors.ScreenshotFailed("main", "X connection failed"),
            "No picture of the desktop 'main' could be taken: X connection failed",
        ),
        (
            errors.NoSuchWindow("main", "plotms", ["xterm", "a"]),
            "No window of the desktop 'main' is called 'plotms'; there are: xterm; a.",
        ),
        (
            errors.NoSuchWindow("main", "plotms", []),
            "No window of the desktop 'main' is called 'plotms'; there is none at all.",
        ),
        (
            errors.NoSuchShare(),
            "This link to a desktop is not valid: it has expired or was withdrawn, or its desktop has ended. "
            "Ask whoever sent it for a new one.",
        ),
        (
            errors.InvalidShare("label", 7, "one line of at most 100 characters"),
            "A link's label is 7, but should be one line of at most 100 characters.",
        ),
        (
            errors.LinkRefused("file:///etc", "only http, https and mailto addresses leave the desktop."),
            "'file:///etc' is not opened: only http, https and mailto addresses leave the desktop.",
        ),
        (
            errors.SettingNotWritten(Path("/etc/x"), "Permission denied"),
            "The choice cannot be written to /etc/x: Permission denied.",
        ),
        (
            errors.EngineMissing(("podman", "docker"), "podman"),
            "No container engine was found: looked on PATH for podman and docker. "
            "Install it, for example with 'apt install podman'.",
        ),
        (
            errors.ImageUnusable("podman (casa)", "it has no casa-desktop."),
            "The container of podman (casa) cannot be used: it has no casa-desktop.",
        ),
        (
            errors.NotInstalled("/p"),
            "casa-desktop is not installed in /p, but runs from its sources; kernels need it installed, for example "
            "with 'pip install -e .'",
        ),
        (
            errors.InvalidKernelName("a b"),
            "'a b' is no name for a kernel: Jupyter allows ASCII letters, digits, '-', '.' and '_', "
            "beginning with a letter or digit.",
        ),
        (
            errors.KernelTaken("casa-6.7.0", Path("/k")),
            "There is a kernel 'casa-6.7.0' already, in /k. Choose another name with --name, or replace it with "
            "--replace.",
        ),
        (errors.KernelUnknown("a", ["b", "c"]), "There is no kernel 'a'; there are: b, c."),
        (errors.KernelUnknown("a", []), "There is no kernel 'a'; there is none at all."),
        (
            errors.ForeignKernel("ir", Path("/k")),
            "The kernel 'ir' in /k was not written by 'casa-desktop kernel install', and is left as it is. "
            "'jupyter kernelspec remove ir' removes it; the kernel 'casa' goes with 'pip uninstall casa-desktop'.",
        ),
        (
            errors.KernelNotWritten(Path("/k"), "Permission denied"),
            "The kernel's folder /k cannot be written: Permission denied. Choose another place with --user, "
            "--sys-prefix or --prefix.",
        ),
        (errors.KernelFailed("casa", "it ended"), "The kernel 'casa' failed: it ended."),
        (
            errors.KernelFailed("casa", "no answer", "allow more with --timeout"),
            "The kernel 'casa' failed: no answer. Remedy: allow more with --timeout.",
        ),
        (
            errors.UnusablePython("/p", "there is no such file"),
            "/p cannot be used as a kernel's Python: there is no such file.",
        ),
        (
            errors.PythonTooOld("/p", (3, 6, 15)),
            "/p cannot be used as a kernel's Python: it is Python 3.6.15, and the kernel needs 3.8 or later (CASA has "
            "it from 6.4 on; for older releases there is no kernel).",
        ),
        (
            errors.CasaNotInstalled("/p"),
            "/p cannot be used as a kernel's Python: it has no casatools and casatasks; install CASA into it, for "
            "example with '/p -m pip install casatools casatasks casadata six', or name another Python with --python.",
        ),
        (
            errors.OverlayFailed("/p", "ERROR: no network."),
            "What /p lacks for a kernel could not be installed: ERROR: no network.",
        ),
        (
            errors.ProtocolViolation(1002, "a fence of 65 bytes"),
            "The browser sent what a view does not send: a fence of 65 bytes.",
        ),
        (
            errors.InvalidContainer("engine", "lxc", "one of bwrap, podman"),
            "A container's engine is 'lxc', but should be one of bwrap, podman.",
        ),
        (
            errors.ContainerFailed("podman (casa:6.7)", "no such image."),
            "The container of podman (casa:6.7) did not start: no such image.",
        ),
        (
            errors.LinkFailed("/r/.kernels/a/outside.sock", "it went away"),
            "Desktops are started outside of this kernel's container or network, but nobody answers at "
            "/r/.kernels/a/outside.sock: it went away. Try again; if that does not help, restart the kernel.",
        ),
        (
            errors.NetworkShared("no reason"),
            "CASA's tasks and tools listen on ports of this machine without a password, for this kernel has the "
            "machine's network: no reason. Remedy: let no one you do not trust reach this machine's ports, or have "
            "user namespaces allowed: apt install bubblewrap, and see user.max_user_namespaces and "
            "kernel.apparmor_restrict_unprivileged_userns of sysctl. CASA_DESKTOP_NETWORK=host silences this.",
        ),
        (
            errors.StopFailed("main", "Stop it outside."),
            "The desktop 'main' did not end. Stop it outside.",
        ),
    ],
)
def test_each_error_says_what_happened_and_what_to_do(error: errors.CasaDesktopError, sentence: str) -> None:
    assert str(error) == sentence


def test_every_error_of_the_module_is_in_the_tree_and_in_its_drawing() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    own = [each for each in classes if each.__module__ == errors.__name__]
    assert own
    for each in own:
        assert issubclass(each, errors.CasaDesktopError)
        assert each.__name__ in (errors.__doc__ or "")


def test_what_has_run_out_is_told_from_other_errors() -> None:
    shortage = errors.Shortage.of(OSError(errno.EDQUOT, "over quota", "/home/me/x"))
    assert str(shortage) == "Your quota on the disk that holds /home/me/x is used up. Remove files there and try again."
    assert isinstance(shortage, OSError)
    assert errors.Shortage.of(shortage) is shortage
    assert errors.Shortage.of(OSError(errno.EACCES, "no permission", "/x")) is None
