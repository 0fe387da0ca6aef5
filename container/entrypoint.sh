#!/bin/sh
# Makes any user at home, also one whom /etc/passwd does not know, with a read-only root or as root; then becomes the
# given command, or JupyterLab where there is none. Options alone are JupyterLab's.
set -eu
umask 022
uid=$(id -u)

# ~ and Jupyter's, CASA's and matplotlib's own folders need a home that can be written.
home=
for folder in "${HOME:-/}" /home/casa "/tmp/home-$uid"; do
    if [ "$folder" = "/tmp/home-$uid" ]; then mkdir -p -m 0700 "$folder"; fi
    if [ "$folder" != / ] && [ -d "$folder" ] && [ -w "$folder" ]; then home=$folder; break; fi
done
if [ -z "$home" ]; then
    echo "casa-entrypoint: none of HOME (${HOME:-not set}), /home/casa and /tmp can be written by user $uid:" \
        "mount a folder of this user, or a tmpfs at /tmp." >&2
    exit 1
fi
export HOME="$home"
name=$(id -un 2>/dev/null || echo casa)
export USER="${USER:-$name}" LOGNAME="${LOGNAME:-$name}"
# X servers that are not root's make no folder for their sockets.
mkdir -p -m 1777 /tmp/.X11-unix 2>/dev/null || true
# Open MPI asks root whether it is meant.
if [ "$uid" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
# The image's own working folder gives way to the home; one that was chosen stays.
if [ "$PWD" = /home/casa ]; then cd "$HOME"; fi

case "${1:-}" in
"" | -*) ;;
*) exec "$@" ;;
esac

if ! command -v jupyter-lab >/dev/null; then
    echo "casa-entrypoint: this image has CASA's kernel alone (its Python is too old for JupyterLab):" \
        "install it as a kernel with 'casa-desktop kernel install --image', or name a command." >&2
    exit 1
fi
# A notebook that the user has changed is never written over, and a folder that cannot be written is only looked at.
notebook=first-light.ipynb
if [ -w . ] && [ ! -e "$notebook" ]; then
    python -c 'import casa_desktop, pathlib; print(pathlib.Path(casa_desktop.__file__).parent / "demo")' |
        { read -r demo && cp "$demo/$notebook" . && chmod u+w "$notebook"; }
fi
# What was mounted at /data is seen from the working folder.
if [ -d /data ] && [ -w . ] && [ ! -e data ]; then ln -s /data data; fi
root=
if [ "$uid" = 0 ]; then root=--allow-root; fi
open=
if [ -e "$notebook" ]; then open=$notebook; fi
exec jupyter-lab --no-browser --ip=0.0.0.0 --port=8888 $root "$@" $open
