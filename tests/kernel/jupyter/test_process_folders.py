"""Kernels that are started with what others would not have started with."""

from __future__ import annotations

import os
import pwd
import resource
import shutil
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from casa_kernel.casa import compatibility, matplotlib_backend
from casa_kernel.jupyter import process_folders

from ...support.notebook import Notebook

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint(plt.get_backend())"
# With these a kernel lived, or had all of CASA; they do not disturb each other.
VARIABLES = {"HOME": "", "MPLBACKEND": "nonsense", "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "cpp"}


@pytest.fixture(scope="module")
def long_root(place: Path) -> Iterator[Path]:
    """A runtime root in which no socket has room."""
    folder = place / ("x" * 50) / ("y" * 50)
    folder.mkdir(parents=True, mode=0o700)
    yield folder
    shutil.rmtree(folder.parent)


@pytest.fixture(scope="module")
def ill_equipped(
    observation: Path, kernel_environment: Dict[str, str], long_root: Path, place: Path
) -> Iterator[Notebook]:
    """A kernel with all of that, few files, and a home that only the list of users tells of."""
    # So that nothing is written into the real one.
    elsewhere = {"IPYTHONDIR": str(place / "ipython"), "MPLCONFIGDIR": str(place / "mpl")}
    own = {**kernel_environment, **VARIABLES, **elsewhere, "CASA_DESKTOP_RUNTIME_DIR": str(long_root)}
    few = ("sh", "-c", 'ulimit -S -n 512; exec "$0" "$@"')
    with Notebook(observation, own, within=few) as kernel:
        yield kernel


def test_a_kernel_without_home_in_a_long_root_works_and_says_that_it_opens_no_windows(ill_equipped: Notebook) -> None:
    cell = ill_equipped.run("import os\nprint(listobs('sim.ms')['nfields'], os.path.expanduser('~'))")
    assert cell.error is None
    assert cell.text.splitlines()[-1] == f"1 {pwd.getpwuid(os.getuid()).pw_dir}"
    assert "can open no windows on a desktop" in cell.text
    assert "shorter path" in cell.text
    window = ill_equipped.run("viewer('dirty.image', gui=True)")
    assert window.error is not None
    assert "CASA_DESKTOP_RUNTIME_DIR to a shorter one" in window.error["evalue"]


def test_the_tools_draw_whatever_implementation_of_protobuf_was_asked_for(ill_equipped: Notebook) -> None:
    cell = ill_equipped.run("viewer('dirty.image')\nplotms('sim.ms')")
    assert cell.error is None
    assert len([data for data in cell.displayed if "image/png" in data]) == 2


def test_a_figure_of_the_user_s_shows_under_its_cell_whatever_backend_is_in_the_environment(
    ill_equipped: Notebook,
) -> None:
    cell = ill_equipped.run(PLOT)
    assert cell.text == "module://matplotlib_inline.backend_inline\n"
    assert any("image/png" in data for data in cell.displayed)
    # Programs that a cell starts are not in a notebook.
    assert ill_equipped.run("import os\nprint(os.environ['MPLBACKEND'])").text == "nonsense\n"


def test_a_kernel_has_as_many_files_as_the_machine_allows(ill_equipped: Notebook) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY:
        pytest.skip("this machine's hard limit tells nothing here")
    code = "import resource\nprint(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    assert ill_equipped.run(code).text == f"{min(hard, 524_288)}\n"


def test_a_folder_that_was_removed_is_told_in_a_sentence_until_there_is_another(
    ill_equipped: Notebook, observation: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    ill_equipped.run(f"%cd {folder}")
    folder.rmdir()
    assert ill_equipped.run("print(1 + 1)").text == "2\n"
    for code in (
        f"imhead('{observation}/dirty.image')",
        f"viewer('{observation}/dirty.image')",
        f"tb.open('{observation}/sim.ms')",
        "tput tclean",
    ):
        cell = ill_equipped.run(code)
        assert cell.error is not None, code
        assert f"The folder in which this notebook works has been removed: {folder}." in cell.error["traceback"][0]
        assert cell.text == "", code
    wrong = ill_equipped.run("1 / 0")
    assert wrong.error is not None
    assert "removed" not in "".join(wrong.error["traceback"])
    assert ill_equipped.run(f"%cd -q {observation}\nprint(imhead('dirty.image')['shape'][0])").text == "128\n"


def test_a_kernel_that_is_started_in_a_folder_that_was_removed_works_at_home(
    observation: Path, kernel_environment: Dict[str, str], tmp_path: Path
) -> None:
    within = ("sh", "-c", 'mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"')
    with Notebook(tmp_path, kernel_environment, within=within) as kernel:
        cell = kernel.run(f"import os\nprint(imhead('{observation}/dirty.image')['shape'][0], os.getcwd())")
    assert cell.text == (
        f"The folder in which this kernel was started, {tmp_path}/gone, has been removed. It works in "
        f"{kernel_environment['HOME']} instead.\n128 {kernel_environment['HOME']}\n"
    )


@pytest.mark.parametrize("given", [{}, {"HOME": ""}])
def test_a_home_that_is_not_told_is_the_user_s(given: Dict[str, str]) -> None:
    environ = dict(given)
    assert process_folders.complete(environ) == ""
    assert environ == {"HOME": pwd.getpwuid(os.getuid()).pw_dir}


@pytest.mark.parametrize(
    ("said", "shows"),
    [
        ("TkAgg", False),
        ("agg", False),
        ("module://nowhere.backend", False),
        ("module://", False),
        ("", False),
        ("nbAgg", True),
        ("module://matplotlib.backends.backend_nbagg", True),
    ],
)
def test_a_backend_that_shows_figures_in_notebooks_stays(said: str, shows: bool) -> None:
    environ = {matplotlib_backend.VARIABLE: said}
    matplotlib_backend.choose(environ)
    assert (environ[matplotlib_backend.VARIABLE] == said) is shows


def _raised(*errors: ImportError) -> ImportError:
    for before, after in zip(errors, errors[1:]):
        after.__context__ = before
    return errors[-1]


def of_library(said: str) -> ImportError:
    return ImportError(said, path="/casa/_image.cpython-311-x86_64-linux-gnu.so")


@pytest.mark.parametrize(
    ("errors", "variables", "remedy"),
    [
        ([of_library("x.so: undefined symbol: y")], {"LD_LIBRARY_PATH": "/usr/lib"}, "Unset LD_LIBRARY_PATH"),
        ([of_library("libGL.so.1: cannot open shared object file: No such file")], {}, "no library libGL.so.1"),
        ([of_library("/lib/libc.so.6: version `GLIBC_2.99' not found")], {}, "an older CASA"),
        ([of_library("/lib/libstdc++.so.6: version `GLIBCXX_3.4.99' not found")], {}, "an older CASA"),
        ([of_library("/lib/libcrypto.so.3: version `OPENSSL_3.0.1' not found")], {}, "or this one for another Python"),
        ([of_library("/x.so: undefined symbol: y")], {}, "could not be loaded: /x.so: undefined symbol: y"),
        ([], {}, "pip install six"),
        ([ModuleNotFoundError("", name="grpc")], {}, "pip install grpcio"),
        ([ModuleNotFoundError("", name="json.tables")], {}, "If that file is yours, give it another name"),
    ],
)  # fmt: skip
def test_an_import_that_failed_is_told_with_the_true_remedy(
    errors: List[ImportError], variables: Dict[str, str], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # CASA tries its inner modules under two names.
    last = ModuleNotFoundError("No module named '_image'", name="_image" if errors else "six")
    chain = errors if errors and isinstance(errors[0], ModuleNotFoundError) else [*errors, last]
    assert remedy in compatibility.explain(_raised(*chain))


def test_a_kernel_whose_libraries_are_others_says_which_variable_is_to_blame(
    observation: Path, kernel_environment: Dict[str, str], tmp_path: Path
) -> None:
    # Any file that is no library will do.
    (tmp_path / "libncurses.so.6").write_text("no library\n")
    (tmp_path / "libcasatools.cpython-311-x86_64-linux-gnu.so").write_text("no library\n")
    with Notebook(observation, {**kernel_environment, "LD_LIBRARY_PATH": str(tmp_path)}) as kernel:
        said = kernel.run("1").text
    assert f"Unset LD_LIBRARY_PATH, which is '{tmp_path}'" in said
    assert "pip install" not in said
