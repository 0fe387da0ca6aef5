"""The parts that all scripts have in common which repeat a cleaning with CASA's own tasks (``handwork.script``).

A script's data stand between them: ``CALL``, ``FIELDS``, ``OUTLIERS``, ``CYCLES``, ``LAST_MASKS`` and ``MASKS``.
"""

from __future__ import annotations

IMPORTS = """\
import base64
import os
import sys
import tempfile
import zlib

import numpy
from casatasks import deconvolve, tclean
from casatools import image
"""

# Run when a script is checked, so it needs nothing but MASKS and what is imported here.
UNPACK = '''\
def unpacked(key):
    """Return a mask as an array of the image's shape."""
    shape, kind, text = MASKS[key]
    data = zlib.decompress(base64.b85decode("".join(text.split())))
    if kind == "bits":
        pixels = numpy.unpackbits(numpy.frombuffer(data, numpy.uint8))[: numpy.prod(shape)]
    else:
        pixels = numpy.frombuffer(data, kind)
    return pixels.reshape(shape, order="F")
'''

COMMON = '''\
def new_names(words):
    """Return the name of each image field in the interactive call, and its name now."""
    first = FIELDS[0][0]
    other = words[0] if words else first
    return {
        name: name if other == first else other if name == first else other + "." + os.path.basename(name)
        for name, _ in FIELDS
    }


def write_masks(images, masks):
    """Put masks where the minor cycle looks for them."""
    for name, key in masks.items():
        pixels, path, tool = unpacked(key), images[name] + ".mask", image()
        if not os.path.isdir(path):
            residual = images[name] + ".residual"
            tool.open(residual if os.path.isdir(residual) else residual + ".tt0")
            system = tool.coordsys().torecord()
            tool.done()
            tool.fromshape(path, list(pixels.shape), system)
            tool.done()
        tool.open(path)
        tool.putchunk(pixels.astype(float))
        tool.done()
'''

CHECK = '''\
def check(images):
    """End the script if an image is in the way, because tclean would go on with it."""
    for name in images.values():
        for ending in ("psf", "residual", "model", "mask"):
            for path in (f"{name}.{ending}", f"{name}.{ending}.tt0"):
                if os.path.exists(path):
                    sys.exit(f"{path} is there, and the interactive call began without it. "
                             f"Remove {name}.*, or give another name: python {sys.argv[0]} NAME")
'''

CLEAN = '''\
def outlier_file(images):
    """Write the file of the outlier fields, and return its path."""
    lines = [line.partition("=") for line in OUTLIERS.splitlines()]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        for name, sign, value in lines:
            if name.strip() == "imagename":
                value = images[os.path.normpath(value)]
            file.write(f"{name}{sign}{value}\\n")
    return file.name


def main():
    images = new_names(sys.argv[1:])
    check(images)
    call = dict(CALL, imagename=images[FIELDS[0][0]], interactive=False, niter=0, usemask="user", mask="")
    call.update(outlierfile=outlier_file(images) if OUTLIERS else "", restoration=False, pbcor=False, savemodel="none")
    try:
        tclean(**call)
        call.update(calcpsf=False, calcres=True, restart=True, startmodel="")
        for niter, threshold, masks, cleaned in CYCLES:
            write_masks(images, masks)
            for name in cleaned:
                settings = dict(FIELDS)[name]
                deconvolve(imagename=images[name], niter=niter, threshold=threshold, restoration=False, **settings)
            tclean(**call)
        write_masks(images, LAST_MASKS)
        # It restores, and writes the model into the data, if the interactive call did.
        call.update({name: CALL[name] for name in ("restoration", "pbcor", "savemodel")}, calcres=False)
        tclean(**call)
    finally:
        if OUTLIERS:
            os.remove(call["outlierfile"])


if __name__ == "__main__":
    main()
'''
