"""CASA's tasks by every name that they can be had by: always the notebook's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest

from ...support.mask_editor import TITLE
from ...support.notebook import Notebook
from ...support.screen import Screen
from ..drawing.test_headless import picture

# Each draws one picture into the cell, with whatever it has imported.
DRAWS = {
    "all of a package": "from casaviewer import *\nimview('dirty.image')",
    "a package": "import casaviewer\ncasaviewer.imview('dirty.image')",
    "a module of a package": "import casaviewer.imview as show\nshow('dirty.image')",
    "out of a module of a package": "from casaviewer.msview import msview\nmsview('sim.ms')",
    "what CASA 5 had": "from casaviewer import viewer\nviewer('dirty.image')",
    "plotms": "from casaplotms import plotms\nplotms('sim.ms', showgui=False)",
    "casashell's of another wheel": "from casaplotms.gotasks.plotms import plotms as plot\nplot('sim.ms')",
    "casashell's": "from casashell.private.plotants import plotants as plot\nplot('sim.ms')",
    "a task that draws with matplotlib": "import casatasks\ncasatasks.plotants('sim.ms')",
    "casashell as a whole": "import casashell\nfrom casashell import start_casa\nplotants('sim.ms')",
    "a module on disk": "import mine\nmine.draw()",
    "a script": "%run script.py",
    "execfile": "execfile('script.py')",
    "exec": "exec('from casaviewer import imview as show\\nshow(\"dirty.image\")', {})",
    "a thread": "import threading\nthread = threading.Thread(target=mine.draw)\nthread.start()\nthread.join()",
    "the name in a module of its own": "import importlib\nimportlib.import_module('casaviewer').imview('dirty.image')",
    "after a reload": "importlib.reload(casaviewer)\nimportlib.reload(mine)\nmine.draw()",
    "pickled": "import pickle\npickle.loads(pickle.dumps(imview))('dirty.image')",
    "in a function that was pickled": "pickle.loads(pickle.dumps(mine.draw))()",
    "a deep copy": "import copy\ncopy.deepcopy([imview])[0]('dirty.image')",
    "an attribute of a class": "class Step:\n    show = imview\n\nStep().show('dirty.image')",
    "without arguments but by name": "getattr(casaviewer, 'imview')(raster='dirty.image')",
}

MINE = "from casaviewer import *\n\n\ndef draw():\n    imview('dirty.image')\n"


@pytest.fixture(autouse=True, scope="module")
def _files(observation: Path, notebook: Notebook) -> None:
    (observation / "mine.py").write_text(MINE)
    (observation / "script.py").write_text("from casaviewer import imview\nimview(raster='dirty.image')\n")
    # Where JupyterLab starts a kernel, the folder of the notebook is on Python's path.
    assert notebook.run("import sys\nif '' not in sys.path: sys.path.insert(0, '')").error is None


@pytest.mark.parametrize("code", DRAWS.values(), ids=DRAWS)
def test_a_task_draws_into_the_cell_whatever_it_was_imported_from(notebook: Notebook, code: str) -> None:
    assert picture(notebook.run(code)).std() > 3


def test_a_task_that_was_imported_obeys_the_modes(notebook: Notebook, record: Callable[[], Dict[str, str]]) -> None:
    cell = notebook.run("%casa_mode live imview\nfrom casaviewer import imview\nimview('dirty.image')")
    notebook.run("%casa_mode auto imview")
    assert cell.error is None, cell.error
    with Screen(record()) as screen:
        assert screen.wait_for_window(TITLE).height > 300


def test_what_a_star_imports_is_what_was_there(notebook: Notebook) -> None:
    code = (
        "import importlib.util\nbefore = dict(globals())\n"
        "for package in 'casatasks', 'casaplotms', 'casaviewer', 'casalogger', 'casafeather', 'casatablebrowser':\n"
        "    if importlib.util.find_spec(package): exec(f'from {package} import *')\n"
        "print([name for name in before if before[name] is not globals().get(name) and name != '_i'])"
    )
    assert notebook.run(code).text.endswith("[]\n")


# Each is said of the kernel's namespace by a cell that prints True.
TRUE = {
    "one object for each task": (
        "import sys, casatasks\n"
        "names = [name for name in casatasks.__all__ if hasattr(getattr(casatasks, name), 'stock')]\n"
        "homes = [sys.modules['casatasks.' + name] for name in names]\n"
        "print(len(names) > 100 and all(\n"
        "    getattr(casatasks, name) is getattr(home, name) is globals()[name] for name, home in zip(names, homes)))"
    ),
    "the tools are CASA's": (
        "import casatools\nfrom casatools import image as tool, table\nfrom casaviewer import viewertool\n"
        "print(tool is casatools.image and type(ia) is tool and table is casatools.table and "
        "viewertool is casaviewer.private.viewertool)"
    ),
    "casa's own object": "print(type(tclean.stock).__name__, imstat.stock('dirty.image')['npts'][0] > 0)",
    "casa's attributes": "print(tclean._info_group_, isinstance(imstat, type(imstat.stock)))",
    "the source is casa's": (
        "import inspect\nprint('PySynthesisImager' in inspect.getsource(inspect.getmodule(inspect.unwrap(tclean))), "
        "inspect.getsource(tclean).startswith('def tclean('))"
    ),
    "the signature": (
        "print(list(inspect.signature(imhead).parameters) == list(inspect.signature(imhead.stock).parameters), "
        "inspect.signature(imhead.__call__) == inspect.signature(imhead), imhead.__doc__ == imhead.stock.__doc__, "
        "'gui' in inspect.signature(casatasks.plotants).parameters)"
    ),
    "a pickle": (
        "tasks = [tclean, plotms, viewer, imview, casalogger, imstat]\n"
        "tasks += [each for each in (browsetable, casafeather) if each.stock]\n"
        "print(all(pickle.loads(pickle.dumps(each)) is each is copy.copy(each) is copy.deepcopy(each) "
        "for each in tasks))"
    ),
    "after a reload of casatasks": (
        "log = casalog\nimportlib.reload(casatasks)\nimportlib.reload(sys.modules['casatasks.imstat'])\n"
        "from casatasks import *\nfrom casatasks import tclean as again\n"
        "print(again is tclean, casalog is log, imstat is casatasks.imstat is sys.modules['casatasks.imstat'].imstat, "
        "imstat('dirty.image')['npts'][0] > 0)"
    ),
}


@pytest.mark.parametrize("code", TRUE.values(), ids=TRUE)
def test_tasks_are_what_they_are_in_casa_and_more(notebook: Notebook, code: str) -> None:
    cell = notebook.run(code)
    assert cell.error is None, cell.error
    assert "False" not in cell.text
    assert "True" in cell.text or cell.text.startswith("imaging")


def test_parameters_are_completed_and_documented(notebook: Notebook) -> None:
    notebook.client.complete("casatasks.tclean(interact", 25)
    notebook.client.inspect("imhead", 6)
    answers = {}
    while len(answers) < 2:
        message = notebook.client.get_shell_msg(timeout=60)
        if message["msg_type"] in ("complete_reply", "inspect_reply"):
            answers[message["msg_type"]] = message["content"]
    assert "interactive=" in answers["complete_reply"]["matches"]
    text = re.sub(r"\x1b\[[\d;]*m", "", answers["inspect_reply"]["data"]["text/plain"])
    assert re.search(r"imhead\(\s*imagename=", text)
    assert text.count("List, get and put image header parameters.") == 1


@pytest.mark.parametrize("task", ["imhead", "viewer"])
def test_help_begins_with_how_the_task_is_called(notebook: Notebook, task: str) -> None:
    text = notebook.run(f"help({task})").text
    # Python 3.13 gives each parameter of a long list a line of its own.
    head = re.sub(r"\(\n \|\s+", "(", text[: text.index(" ---- ")])
    assert re.search(rf"\b{task}\((imagename|infile)\b", head), head
    assert "look_like" not in text


def test_the_documentation_of_a_task_is_shown_once(notebook: Notebook) -> None:
    notebook.client.inspect("viewer", 6)
    while (message := notebook.client.get_shell_msg(timeout=60))["msg_type"] != "inspect_reply":
        pass
    assert "Class docstring" not in message["content"]["data"]["text/plain"]


def test_a_task_from_a_module_fails_as_in_the_notebook(notebook: Notebook) -> None:
    error = notebook.run("import casatasks\ncasatasks.listfits('sim.ms')").error
    assert error is not None
    assert error["ename"] == "TaskFailed"
    error = notebook.run("casaviewer.imview('no.image')").error
    assert error is not None
    assert error["ename"] == "NoSuchPath"


def test_a_task_that_another_calls_is_casa_s_own(notebook: Notebook, tmp_path: Path) -> None:
    # For a multi-MS flagdata calls itself for each part, by "from casatasks import *". Ours would keep those inputs.
    code = (
        "import os\nhome = os.getcwd()\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "partition(vis=home + '/sim.ms', outputvis='multi.ms', separationaxis='scan', numsubms=2)\n"
        "%casa_globals on\nflagdata('multi.ms', mode='summary')\n%casa_globals off\n"
        "os.chdir(home)"
    )
    cell = notebook.run(code)
    assert cell.error is None, cell.error
    assert (tmp_path / "flagdata.last").read_text().startswith("vis         = 'multi.ms'\n")


@pytest.fixture
def early(tmp_path: Path, observation: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel whose profile imports tasks, and uses them, before CASA is there."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup.parent / "ipython_kernel_config.py").write_text(
        "c.InteractiveShellApp.exec_lines = ['from casatasks import imstat as soon, tclean as cleaner', "
        "'import threading', 'found = []', "
        "'thread = threading.Thread(target=lambda: found.append(soon(\"dirty.image\")))', "
        "'thread.start()', 'thread.join()']\n"
    )
    (startup / "first.py").write_text("from casaviewer import *\nfrom casatasks import imhead\nfirst_imview = imview\n")
    with Notebook(observation, {**kernel_environment, "IPYTHONDIR": str(tmp_path / "ipython")}) as kernel:
        yield kernel


def test_what_was_imported_before_casa_had_arrived_is_the_same(early: Notebook) -> None:
    cell = early.run(
        "print(soon is imstat, cleaner is tclean, first_imview is imview, len(found))\nfirst_imview('dirty.image')"
    )
    assert cell.text.startswith("True True True 1\n")
    assert picture(cell).std() > 3


def test_a_pickled_task_is_casa_s_own_in_another_process(
    notebook: Notebook, tmp_path: Path, environment: Dict[str, str], observation: Path
) -> None:
    path = tmp_path / "task.pickle"
    assert notebook.run(f"open({str(path)!r}, 'wb').write(pickle.dumps(imstat))").error is None
    code = f"import pickle; print(pickle.load(open({str(path)!r}, 'rb'))('dirty.image')['npts'][0] > 0)"
    config = {"CASASITECONFIG": str(observation / "casasiteconfig.py")}
    env = {**environment, **config, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=observation, env=env, capture_output=True, text=True)
    assert "True" in ran.stdout, ran.stderr
