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
    assert convergence.looks == [Look(1, 0.36, 0), Look(2, 0.2, 0.55), Look(3, 0.13, 0.75)]
    assert "Cycle 2: peak residual 0.2 Jy/beam, model flux 0.55 Jy" in convergence.bundle()["text/plain"]


def test_what_another_release_returns_leads_to_no_error() -> None:
    convergence = Convergence()
    for result in (None, {}, {"peakresidual": float("nan")}, {"summaryminor": []}, {"summaryminor": {"a": 1}}):
        for name in ("initminorcycle", "executeminorcycle", "getminorcyclecontrols"):
            assert convergence.hear(name, result) is None
    convergence.look()
    assert "peak residual ? Jy/beam" in convergence.bundle()["text/plain"]
