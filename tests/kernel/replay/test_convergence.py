from __future__ import annotations

import numpy as np
from casa_kernel.replay.convergence import Convergence, Look


def test_each_cycle_has_its_peak_and_its_flux() -> None:
    # As casatasks 6.7.0 returns it: iterations, peak, flux, threshold, field, plane; a column for each plane.
    convergence = Convergence()
    assert convergence.hear("initminorcycle", {"peakresidual": 0.3, "peakresidualnomask": 0.36}) == (0, 0.36)
    convergence.look()
    planes = np.array([[20.0, 5.0], [0.13, -0.2], [0.45, 0.1], [0.09, 0.09], [0.0, 0.0], [0.0, 1.0]])
    assert convergence.hear("executeminorcycle", {"summaryminor": planes}) is None
    convergence.look()
    # Only one plane was cleaned; the other stays as it was.
    convergence.hear("executeminorcycle", {"summaryminor": np.array([[20.0], [0.1], [0.3], [0.09], [0.0], [1.0]])})
    convergence.look()
    within = [Look(2, 0.2, 0.55, True), Look(3, 0.13, 0.75, True)]
    assert convergence.looks == [Look(1, 0.36, 0), *within]
    assert "Cycle 2: peak residual 0.2 Jy/beam in the mask, model flux 0.55 Jy" in convergence.bundle()["text/plain"]
    assert "<td>0.13 in the mask</td>" in convergence.bundle()["text/html"]


def test_the_peak_of_the_whole_residual_takes_the_place_of_that_in_the_masks_once_each_field_was_looked_at() -> None:
    convergence = Convergence()
    for peak in (0.3, 0.2):
        convergence.hear("initminorcycle", {"peakresidual": peak})
    convergence.look()
    convergence.begin_cycle()
    planes = np.array([[20.0, 5.0], [0.1, -0.05], [0.4, 0.1], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    convergence.hear("executeminorcycle", {"summaryminor": planes})
    convergence.look()
    assert convergence.looks[-1] == Look(2, 0.1, 0.5, True)
    convergence.hear("initminorcycle", {"peakresidual": 0.1, "peakresidualnomask": 0.25})
    assert convergence.looks[-1] == Look(2, 0.1, 0.5, True)
    convergence.hear("initminorcycle", {"peakresidual": 0.05, "peakresidualnomask": 0.15})
    assert convergence.looks == [Look(1, 0.3, 0), Look(2, 0.25, 0.5)]
    assert "in the mask" not in convergence.bundle()["text/html"]


def test_what_another_release_returns_leads_to_no_error() -> None:
    convergence = Convergence()
    for result in (None, {}, {"peakresidual": float("nan")}, {"summaryminor": []}, {"summaryminor": {"a": 1}}):
        for name in ("initminorcycle", "executeminorcycle", "getminorcyclecontrols"):
            assert convergence.hear(name, result) is None
    convergence.look()
    assert "peak residual ? Jy/beam" in convergence.bundle()["text/plain"]
