"""CASA in processes that a notebook starts."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import psutil
import pytest
from casa_kernel.drawing import child_start

from casa_desktop.system import pythonpath

from ...support import other_pythons
from ...support.living import below, program
from ...support.notebook import Notebook
from ...support.processes import ended

# What a script of an astronomer's does, and what becomes of each call.
SCRIPT = """
import json, os, sys
from casatasks import tclean, deconvolve, flagdata, listobs
from casaplotms import plotms
from casaviewer import imview, msview, viewer
from casalogger import casalogger
from casafeather import casafeather
from casatablebrowser import browsetable

said = {}
for code in json.loads(sys.argv[1]):
    try:
        result = eval(code)
        said[code] = result if isinstance(result, (int, str)) else "done"
    except Exception as error:
        said[code] = f"{type(error).__name__}: {error}"
# A display that is not there, as of somebody who has logged out: a window fails at once, and files are drawn.
os.environ["DISPLAY"] = ":4711"
for code, name in (("imview('dirty.image')", "view"), ("plotms('sim.ms', plotfile='d.png', showgui=False)", "plot")):
    try:
        eval(code)
        said[name] = os.path.exists("d.png")
    except Exception as error:
        said[name] = str(error)
print(json.dumps(said))
"""
DRAWN = {
    "imview('dirty.image', out='imview.png')": "imview.png",
    "imview(raster={'file': 'dirty.image'}, out={'file': 'again.png', 'format': 'png'})": "again.png",
    "viewer('dirty.image', outfile='viewer.png', outformat='png')": "viewer.png",
    "msview('sim.ms', outfile='msview.png', outformat='png')": "msview.png",
    "plotms('sim.ms', plotfile='plotms.png', showgui=False, overwrite=True)": "plotms.png",
    "plotms('sim.ms', yaxis='phase', plotfile='phase.png', overwrite=True)": "phase.png",
}
NEEDS_A_WINDOW = {
    "imview('dirty.image')": "imview",
    "msview('sim.ms')": "msview",
    "viewer('dirty.image', gui=True)": "casaviewer",
    "plotms('sim.ms')": "plotms",
    "casalogger()": "casalogger",
    "casafeather()": "casafeather",
    "browsetable('sim.ms')": "browsetable",
    "tclean('sim.ms', imagename='i', imsize=64, cell='1arcsec', niter=1, interactive=True)": "tclean",
    "deconvolve('dirty', interactive=True)": "deconvolve",
    "flagdata('sim.ms', mode='manual', display='data')": "flagdata",
}


@pytest.fixture(scope="module")
def said(observation: Path, notebook: Notebook, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Any]:
    """What became of each call in a script that a notebook runs, and what else it printed."""
    script = tmp_path_factory.mktemp("script") / "reduce.py"
    script.write_text(SCRIPT)
    for each in (*DRAWN.values(), "d.png"):
        (observation / each).unlink(missing_ok=True)
    calls = json.dumps([*DRAWN, *NEEDS_A_WINDOW, "listobs('sim.ms')['nfields']"])
    cell = notebook.run(
        f"import subprocess, sys\ndone = subprocess.run([sys.executable, {str(script)!r}, {calls!r}], "
        "stdout=subprocess.PIPE, timeout=120)\nprint(done.stdout.decode())"
    )
    assert cell.error is None, cell.error
    found: Dict[str, Any] = json.loads(cell.text.strip().splitlines()[-1])
    return found


@pytest.mark.parametrize("call", DRAWN)
def test_a_script_s_picture_is_drawn_into_its_file_without_a_display(
    said: Dict[str, Any], call: str, observation: Path
) -> None:
    assert said[call] in ("done", 1, True)
    picture = (observation / DRAWN[call]).read_bytes()
    assert picture.startswith(b"\x89PNG")
    # More than a frame: a picture of one colour has some hundred bytes.
    assert len(picture) > 4000


@pytest.mark.parametrize("call", NEEDS_A_WINDOW)
def test_what_needs_a_window_is_an_error_at_once(said: Dict[str, Any], call: str) -> None:
    assert said[call].startswith(f"NoWindowHere: {NEEDS_A_WINDOW[call]} cannot open a window here")


def test_all_else_of_casa_works_in_a_script_and_its_tools_end_with_it(
    said: Dict[str, Any], notebook: Notebook, children_of: Callable[[int], List[str]]
) -> None:
    assert said["listobs('sim.ms')['nfields']"] == 1
    notebook.run("%casa_tools end")
    assert [line for line in children_of(notebook.pid) if "svr" in line or "--server" in line] == []


def test_a_display_that_is_not_there_is_told_and_needed_for_windows_alone(said: Dict[str, Any]) -> None:
    assert "casaviewer ended as soon as it had started" in said["view"]
    assert said["plot"] is True


ON_THE_DESKTOP = """
from casaviewer import imview
from casaplotms import plotms
from casa_desktop.desktop import registry
from casa_desktop.x11 import screenshots
imview('dirty.image')
plotms('sim.ms')
# The window is another tool's than the one that draws without.
plotms('sim.ms', plotfile='beside.png', showgui=False, overwrite=True)
print(screenshots.titles(registry.running('main')))
"""


def test_on_a_display_that_a_script_is_given_windows_open_and_end_with_it(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    code = f"""
import os, subprocess, sys
from casa_desktop.desktop import lifecycle
from casa_desktop.x11 import screenshots
desktop = lifecycle.ensure('main')
environ = {{**os.environ, **lifecycle.environment(desktop)}}
print(subprocess.check_output([sys.executable, '-c', {ON_THE_DESKTOP!r}], env=environ, timeout=120).decode())
print(screenshots.titles(desktop))
"""
    cell = notebook.run(code)
    assert cell.error is None, cell.error
    during, after = (ast.literal_eval(line) for line in cell.text.strip().splitlines()[-3::2])
    assert sorted(each.partition(" ")[0] for each in during) == ["PlotMS", "Viewer"]
    assert after == []


WORK = """
import os
def draw(task, plotms):
    from casaviewer import imview
    imview('dirty.image', out='spawned.png')
    plotms('sim.ms', plotfile='spawned2.png', showgui=False, overwrite=True)
    return task('sim.ms')['nfields'], os.path.getsize('spawned.png') > 4000, type(task).__module__
"""


def test_a_task_that_is_handed_to_a_spawned_process_works_there(
    notebook: Notebook, observation: Path, said: Dict[str, Any]
) -> None:
    (observation / "spawnwork.py").write_text(WORK)
    cell = notebook.run(
        "import multiprocessing, spawnwork\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    print(pool.apply_async(spawnwork.draw, (listobs, plotms)).get(60))"
    )
    assert cell.error is None, cell.error
    assert cell.text.startswith("(1, True, 'casatasks.")


FORK = """
import multiprocessing
def work(queue):
    try:
        queue.put(listobs('sim.ms')['nfields'])
        {call}
        queue.put('drawn')
    except Exception as error:
        queue.put(f'{{type(error).__name__}}: {{error}}')
context = multiprocessing.get_context('fork')
queue = context.Queue()
process = context.Process(target=work, args=(queue,))
process.start()
print(queue.get(timeout=60), queue.get(timeout=60))
process.join(60)
"""


def test_a_forked_process_leaves_the_notebook_s_tools_alone(notebook: Notebook) -> None:
    assert notebook.run("viewer('dirty.image')\nplotms('sim.ms')").error is None
    before = [each.pid for each in _tools(notebook)]
    for call, tool in (("viewer('dirty.image')", "casaviewer"), ("plotms('sim.ms')", "casaplotms")):
        cell = notebook.run(FORK.format(call=call))
        assert cell.error is None, cell.error
        assert f"1 ForkedProcess: {tool} cannot draw in a process that was forked" in cell.text
    assert notebook.run("viewer('dirty.image')\nplotms('sim.ms')").error is None
    assert [each.pid for each in _tools(notebook)] == before


def test_a_kernel_s_tools_end_with_it_though_a_process_that_it_forked_lives_on(
    observation: Path, kernel_environment: Dict[str, str]
) -> None:
    with Notebook(observation, kernel_environment) as kernel:
        assert kernel.run("viewer('dirty.image')").error is None
        forked = int(kernel.run("import os, signal\npid = os.fork()\nif not pid: signal.pause()\nprint(pid)").text)
        tools = _tools(kernel)
        psutil.Process(kernel.pid).kill()
        try:
            assert tools
            assert ended(tools)
        finally:
            psutil.Process(forked).kill()


def _tools(notebook: Notebook) -> List[psutil.Process]:
    tools = [each for each in below(notebook.pid) if "squashfs-root" in program(each)]
    return sorted(tools, key=lambda each: each.pid)


def _run(python: str, environ: Dict[str, str], code: str) -> str:
    words = [python, "-c", code]
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def announced(tmp_path: Path) -> Dict[str, str]:
    """The environment of programs that a kernel starts whose user has a sitecustomize of his own."""
    (tmp_path / "sitecustomize.py").write_text("import os\nos.environ['USERS_OWN'] = __file__\n")
    environ = {"PATH": os.defpath, "PYTHONPATH": str(tmp_path)}
    child_start.announce(environ)
    return environ


TELL = "import os, sys; print(sorted(n for n in sys.modules if n.startswith('casa')), os.environ.get('USERS_OWN'))"


def test_the_user_s_own_sitecustomize_is_run_as_ever(announced: Dict[str, str], tmp_path: Path) -> None:
    own = str(tmp_path / "sitecustomize.py")
    assert _run(sys.executable, announced, TELL).endswith(f"] {own}")
    assert _run(sys.executable, announced, "import sitecustomize; print(sitecustomize.__file__)") == own
    path = _run(sys.executable, announced, "import sys; print([each for each in sys.path if 'sitehooks' in each])")
    assert path == "[]"


@pytest.mark.parametrize(
    "python", [*other_pythons.older_than_the_kernel(), *other_pythons.of_kernels()[1:]], ids=lambda p: p.parents[1].name
)
def test_another_python_notices_nothing(announced: Dict[str, str], tmp_path: Path, python: Path) -> None:
    assert _run(str(python), announced, TELL) == f"[] {tmp_path / 'sitecustomize.py'}"
    del announced["PYTHONPATH"]
    child_start.announce(announced)
    assert _run(str(python), announced, TELL) == "[] None"


def test_our_own_processes_and_desktops_are_not_taken_for_a_notebook_s(announced: Dict[str, str]) -> None:
    before = announced["PYTHONPATH"].split(os.pathsep)[1]
    assert pythonpath.seen(announced)["PYTHONPATH"] == before
    pythonpath.hide(announced)
    assert announced["PYTHONPATH"] == before
