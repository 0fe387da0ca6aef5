"""Results that a former kernel has kept."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from ...support.notebook import Notebook

CALL = "_ = immath('dirty.image', expr='{expr}', outfile='{name}.image')"
BEGIN = "from casatasks import immath\nimport os\n%casa_reuse on"


def test_another_kernel_reuses_them_and_says_what_differs(
    notebook: Notebook, observation: Path, kernel_environment: Dict[str, str]
) -> None:
    assert notebook.run(f"{BEGIN}\n{CALL.format(expr='IM0+1', name='one')}").error is None
    # When it is asked, it has been kept.
    assert notebook.run("%casa_reuse why").text.startswith("immath in cell [1] ran: no call of it with these outputs")
    with Notebook(observation, kernel_environment) as later:
        assert later.run(f"{BEGIN}\nos.system('rm -rf one.image')").error is None
        later.run(CALL.format(expr="IM0+1", name="one"))
        assert (observation / "one.image" / "table.dat").exists()
        assert later.run("%casa_reuse why").text.startswith("immath in cell [2] did not run: all that it depends on is")
        later.run("os.system('rm -rf one.image')")
        assert later.run(CALL.format(expr="IM0+2", name="one")).error is None
        assert later.run("%casa_reuse why").text == 'immath in cell [5] ran:\n  expr was "IM0+1" and is "IM0+2"\n'
        later.run(CALL.format(expr="IM0+2", name="other"))
        assert "no call of it with these outputs is kept" in later.run("%casa_reuse why").text
    assert notebook.run("%casa_reuse off").error is None
