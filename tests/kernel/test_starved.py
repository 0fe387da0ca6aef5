"""Kernels, tools and the mask editor where something has run out, or somebody kills or stops them."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import resource
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import psutil
import pytest
from casa_kernel.interactive import stops

from casa_desktop.desktop import lifecycle, registry

from ..support.living import below, command, is_alive, line_of, name_of, opened
from ..support.mask_editor import MaskEditor
from ..support.notebook import Cell, Notebook
from ..support.processes import ended
from ..support.screen import Screen, XHand
from ..support.shortage import Disk, few_descriptors, small_disk

CLEAN = """
tclean(vis='sim.ms', imagename='{name}', imsize=128, cell='0.4arcsec', specmode='mfs',
       niter=40, cycleniter=20, interactive=True);
"""
NO_ROOM = "No room is left on the disk that holds {}."


@pytest.fixture
def disk(place: Path) -> Iterator[Disk]:
    """A small disk with a short path."""
    with small_disk(place / "disk", megabytes=12) as small:
        yield small
    (place / "disk").rmdir()


@pytest.fixture(scope="module")
def notebook(observation: Path, kernel_environment: Dict[str, str]) -> Iterator[Notebook]:
    """A kernel in the folder of the observation with a quarter of the patience that it has with tools."""
    with Notebook(observation, kernel_environment) as kernel:
        hurry = (
            "from casa_kernel.drawing import tool_pool\nfrom casa_kernel.tools import stalls\n"
            "stalls.PERIOD, tool_pool._LOST, tool_pool._FORMER = 1.0, 1.5, 5.0"
        )
        assert kernel.run(hurry).error is None
        yield kernel


def sentence(cell: Cell) -> str:
    """Return the one sentence, with the error's name, that a cell ended with."""
    assert cell.error is not None, cell.text
    assert len(cell.error["traceback"]) == 1, cell.error["traceback"]
    return f"{cell.error['ename']}: {cell.error['evalue']}"


def running(notebook: Notebook, word: str) -> List[psutil.Process]:
    """Return the kernel's living children that have a word in their command line or name."""
    return [each for each in below(notebook.pid) if word in " ".join([name_of(each), *command(each)])]


def plotms_window(notebook: Notebook) -> psutil.Process:
    """Have plotms draw in a window; return its process, which is the only one."""
    # One without a window may be there from before.
    notebook.run("%casa_tools end")
    assert notebook.run("plotms('sim.ms', gui=True)").error is None
    (tool,) = running(notebook, "casaplotms")
    return tool


def is_tool(process: psutil.Process) -> bool:
    """Tell whether it is none of the kernel's helpers: the one that ends the others, its porter, and its pump."""
    words = line_of(process)
    return not any(each in words for each in ("guard", "casa_desktop.launchers.host_helper", "pipe_reader.py"))


def files_of(notebook: Notebook) -> List[str]:
    """Return what the kernel has open, but for tables' locks: casacore leaves one open when it cannot open the rest."""
    return [each for each in opened(notebook.pid) if not each.endswith("/table.lock")]


def at_the_editor(notebook: Notebook, name: str, act: Callable[[MaskEditor], None]) -> Cell:
    """Run an interactive tclean, and ``act`` once it waits; return the cell."""

    def meanwhile() -> None:
        record = registry.running()
        with Screen({"display": record.display, "xauthority": record.xauthority}) as screen:
            act(MaskEditor.wait_for(screen, XHand(screen)))

    # A wait that nothing ends is a failure, not a slow success.
    return notebook.run(CLEAN.format(name=name), timeout=20, meanwhile=meanwhile)


def digest(folder: Path) -> str:
    """Return a digest of all files of a table but its lock, which every reader writes to."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "table.lock")
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()


def test_a_kernel_that_finds_no_room_starts_and_says_so(
    disk: Disk, observation: Path, environment: Dict[str, str]
) -> None:
    disk.fill()
    own = {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(disk.path / "cd")}
    with Notebook(observation, own) as kernel:
        first = kernel.run("print(6 * 7)").text
        # It may be long ago, and out of sight.
        later = kernel.run("listobs('sim.ms')")
    assert later.error is not None
    assert later.error["ename"] == "NameError"
    assert "The kernel cannot write into its folder" in later.text
    assert "The kernel cannot write into its folder" in first
    assert "No space left on device. Make room there" in first
    assert "42" in first
    disk.make_room()
    assert [*disk.path.glob("cd/.kernel-*")] == []


def test_what_finds_no_room_in_the_runtime_directory_says_so_and_works_when_there_is(
    disk: Disk, observation: Path, environment: Dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(disk.path / "cd"))
    with Notebook(observation, {**environment, "CASA_DESKTOP_RUNTIME_DIR": str(disk.path / "cd")}) as kernel:
        lifecycle.ensure()
        kernel.run("viewer('dirty.image')")
        disk.fill()
        for call in ("plotms('sim.ms')", "viewer('dirty.image', gui=True)", "casalogger(gui=True)", CLEAN):
            assert "NoRoom: The kernel cannot write into its folder" in sentence(kernel.run(call.format(name="full")))
        assert [each for each in running(kernel, "casa") if is_tool(each)] == running(kernel, "casaviewer")[:1]
        # Whatever needs no room goes on.
        assert kernel.run("listobs('sim.ms')").error is None
        disk.make_room()
        assert "image/png" in kernel.run("plotms('sim.ms')").displayed[-1]
        assert "image/png" in kernel.run("viewer('dirty.image', gui=True)").displayed[-1]
        assert at_the_editor(kernel, "roomy", lambda editor: draw(editor)).error is None
    assert lifecycle.stop()


@pytest.mark.parametrize("task", ["tclean", "flagdata"])
def test_a_task_with_a_window_that_can_have_no_thread_says_so_and_leaves_nothing(
    notebook: Notebook, record: Callable[[], Dict[str, str]], task: str
) -> None:
    call = {
        "tclean": CLEAN.format(name="threadless"),
        "flagdata": "flagdata('sim.ms', mode='manual', antenna='1', display='data', action='calculate')",
    }[task]
    # The program is unpacked, and the desktop is there.
    notebook.run("viewer('dirty.image', gui=True)\n%casa_tools end")
    # So it is at the process's limit, where other threads, which end sooner, would fail now and then as well.
    notebook.run(
        "from casa_desktop.system import threads\ntruly = threads.Joinable\n"
        'def refuse(_):\n raise RuntimeError("can\'t start new thread")\n'
        "threads.Joinable = refuse"
    )
    wakened = "import signal\nprint(number := signal.set_wakeup_fd(-1), signal.set_wakeup_fd(number))"
    before, wakes = files_of(notebook), notebook.run(wakened).text
    cell = notebook.run(call)
    # The tests that follow have this kernel, too.
    notebook.run("threads.Joinable = truly")
    assert "Shortage: No more processes or threads can be started: your limit ('ulimit -u')" in sentence(cell)
    deadline, after = time.monotonic() + 30, files_of(notebook)
    while len(after) > len(before) and time.monotonic() < deadline:
        # What other threads of the kernel have open for a moment.
        notebook.run("pass")
        after = files_of(notebook)
    assert len(after) <= len(before), set(after) - set(before)
    assert notebook.run(wakened).text == wakes
    if task == "tclean":
        assert at_the_editor(notebook, "threaded", draw).error is None
    record()


def draw(editor: MaskEditor) -> None:
    editor.draw((0.40, 0.62), (0.58, 0.38))
    editor.go_on()


def test_a_kernel_whose_home_is_full_works_and_says_what_is_not_kept(
    disk: Disk, observation: Path, environment: Dict[str, str]
) -> None:
    disk.fill()
    with Notebook(observation, {**environment, "HOME": str(disk.path)}) as kernel:
        first = kernel.run("viewer('dirty.image')")
        assert "IPython's profile and history are not kept" in first.text
        assert NO_ROOM.format(disk.path / ".ipython") in first.text
        assert "image/png" in first.displayed[-1]
        # plotms has to write into the home folder, and complains of its memory where it cannot (2.9.1).
        assert NO_ROOM.format(disk.path) in sentence(kernel.run("plotms('sim.ms')"))
        disk.make_room()
        assert "image/png" in kernel.run("plotms('sim.ms')").displayed[-1]


def test_a_task_in_a_full_folder_says_so_and_damages_nothing(
    disk: Disk, untouched: Path, environment: Dict[str, str]
) -> None:
    for name in ("sim.ms", "dirty.image"):
        shutil.copytree(untouched / name, disk.path / name)
    before = [digest(disk.path / name) for name in ("sim.ms", "dirty.image")]
    disk.fill()
    with Notebook(disk.path, environment) as kernel:
        told = kernel.run("listobs('sim.ms')")
        assert (told.error, "CASA's log is not written for now: no room is left" in told.text) == (None, True)
        failed = kernel.run(CLEAN.format(name="full").replace("interactive=True", "interactive=False"))
        assert failed.error is not None
        assert NO_ROOM.format(disk.path) in "\n".join(failed.error["traceback"])
        assert "the disk is full" in sentence(kernel.run("viewer('dirty.image', outfile='picture.png')"))
        assert not (disk.path / "picture.png").exists()
        assert "image/png" in kernel.run("viewer('dirty.image')").displayed[-1]
        disk.make_room()
        # CASA's log, which could not be written, is written again.
        assert kernel.run("listobs('sim.ms')").logs
        assert kernel.run("viewer('dirty.image', outfile='picture.png')").error is None
    assert [digest(disk.path / name) for name in ("sim.ms", "dirty.image")] == before


def test_a_kernel_without_descriptors_says_so_and_loses_none(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    notebook.run("listobs('sim.ms')\nviewer('dirty.image')\nplotms('sim.ms')\n%casa_tools end")
    calls = (
        *("viewer('dirty.image')", "plotms('sim.ms')", "viewer('dirty.image', gui=True)", "casalogger(gui=True)"),
        *("plotants('sim.ms', gui=True)", CLEAN.format(name="few"), "%casa_log -n 3"),
    )
    notebook.run("1")
    before = files_of(notebook)
    for left in (0, 2, 5):
        for call in calls:
            with few_descriptors(notebook.pid, left):
                cell = notebook.run(call, timeout=20)
            if cell.error is not None:
                assert "'ulimit -n'" in sentence(cell) or "Too many open files" in sentence(cell), call
            elif left == 0:
                pytest.fail(f"{call} needs no descriptor: {cell.text}")
        notebook.run("%casa_tools end")
    deadline, after = time.monotonic() + 30, files_of(notebook)
    while len(after) > len(before) and time.monotonic() < deadline:
        # What other threads of the kernel have open for a moment.
        notebook.run("pass")
        after = files_of(notebook)
    assert len(after) <= len(before), set(after) - set(before)
    assert "image/png" in notebook.run("viewer('dirty.image', gui=True)").displayed[-1]
    record()


def test_a_cell_that_uses_up_all_memory_is_answered(notebook: Notebook, long: bool) -> None:
    kernel = psutil.Process(notebook.pid)
    former = resource.prlimit(kernel.pid, resource.RLIMIT_AS)
    notebook.run("hoard = []")
    for turn in range(40 if long else 12):
        resource.prlimit(kernel.pid, resource.RLIMIT_AS, (kernel.memory_info().vms + (turn % 4 << 20), former[1]))
        # It holds on to what it has until the limit is lifted.
        cell = notebook.run(f"while True: hoard.append(bytes({(100, 1000, 10_000, 100_000)[turn % 4]}))", timeout=20)
        assert cell.error is not None
        assert cell.error["ename"] in ("MemoryError", "SystemError", "CellUnfinished")
        assert len(cell.of("error")) == 1
        assert notebook.answer(cell)["status"] == "error"
        resource.prlimit(kernel.pid, resource.RLIMIT_AS, former)
        assert notebook.run("hoard.clear(); print('well')").text == "well\n"


@pytest.mark.parametrize("where", ["shell.run_cell", "finish_metadata"])
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("MemoryError", "No memory is left for the kernel to finish this cell. Delete what is large (del NAME)"),
        ("KeyboardInterrupt", "This cell was interrupted at its very end"),
        ("OSError(5, 'cannot')", "The kernel could not finish this cell: OSError: [Errno 5] cannot"),
    ],
)
def test_a_cell_around_which_the_kernel_fails_is_answered_once(
    notebook: Notebook, where: str, failure: str, words: str
) -> None:
    cell = notebook.run(
        f"kernel = get_ipython().kernel\ndef fail(*_, **__):\n del kernel.{where}\n raise {failure}\n"
        f"kernel.{where} = fail"
    )
    # What follows the cell's own run fails already for the cell that sees to it.
    if where == "shell.run_cell":
        assert notebook.answer(cell)["status"] == "ok"
        cell = notebook.run("print('done')")
    (told,) = cell.of("error")
    assert notebook.answer(cell).items() >= {"status": "error", **told}.items()
    assert told["ename"] == "CellUnfinished"
    assert words in told["evalue"]
    assert notebook.run("print('well')").text == "well\n"


def test_a_tool_that_has_no_memory_left_is_replaced_and_the_call_repeated(notebook: Notebook) -> None:
    notebook.run("ia.fromshape('big.image', [4000, 4000], overwrite=True)\nia.close()\nplotms('sim.ms')")
    (tool,) = running(notebook, "casaplotms")
    # It keeps what it has, and gets nothing more.
    limit = tool.memory_info().vms // 2
    resource.prlimit(tool.pid, resource.RLIMIT_AS, (limit, limit))
    axes = itertools.product(("amp", "phase", "real", "imag"), ("uvdist", "time", "frequency", "u", "v", "w"))
    for yaxis, xaxis in axes:
        assert "image/png" in notebook.run(f"plotms('sim.ms', xaxis='{xaxis}', yaxis='{yaxis}')").displayed[-1]
        if not is_alive(tool):
            break
        # What it had was enough, this time; each plot leaves it with less.
    assert ended([tool])


def test_a_window_whose_memory_is_at_its_limit_is_told_of_and_the_next_call_draws(
    notebook: Notebook, record: Callable[[], Dict[str, str]], long: bool
) -> None:
    # Chance decides what it cannot get: a thread for gRPC, memory for its drawing thread, or all is enough.
    for mebibytes in (0, 0, 4, 4, 8) if long else (0, 4):
        tool = plotms_window(notebook)
        soft, hard = resource.prlimit(tool.pid, resource.RLIMIT_AS)
        resource.prlimit(tool.pid, resource.RLIMIT_AS, (tool.memory_info().vms + (mebibytes << 20), hard))
        cell = notebook.run("plotms('sim.ms', xaxis='uvdist', gui=True)", timeout=20)
        with suppress(ProcessLookupError):
            resource.prlimit(tool.pid, resource.RLIMIT_AS, (soft, hard))
        if cell.error is not None:
            assert re.match(
                "ToolExhausted: casaplotms has no memory or no thread left for plotms. End |"
                "ToolLost: casaplotms (.* and was )?ended in the middle of plotms; run it again",
                sentence(cell),
            )
        again = notebook.run("plotms('sim.ms', xaxis='time', gui=True)", timeout=20)
        assert again.error is None
        assert "image/png" in again.displayed[-1]
    record()


def test_a_window_without_a_thread_left_says_so_and_stays(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    tool = plotms_window(notebook)
    # gRPC's server answers so when it cannot start a thread.
    notebook.run(
        "import grpc\nimport casaplotms.private.plotmstool as tool\ntruly = tool.clearPlots\n"
        "class Exhausted(grpc.RpcError):\n"
        " code = lambda self: grpc.StatusCode.RESOURCE_EXHAUSTED\n details = lambda self: 'Server busy'\n"
        "def refuse():\n raise Exhausted\n"
        "tool.clearPlots = refuse"
    )
    cell = notebook.run("plotms('sim.ms', gui=True)", timeout=20)
    notebook.run("tool.clearPlots = truly")
    assert "ToolExhausted: casaplotms has no memory or no thread left for plotms." in sentence(cell)
    assert [each.pid for each in running(notebook, "casaplotms")] == [tool.pid]
    assert notebook.run("plotms('sim.ms', gui=True)").error is None
    record()


def test_a_window_that_will_never_have_drawn_is_told_of_and_replaced(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    tool = plotms_window(notebook)
    # So says, for ever, one whose memory was at its limit for a moment (casaplotms 2.9.1).
    notebook.run(
        "import os\nimport casaplotms.private.plotmstool as tool\ntruly, told = tool.isDrawing, []\n"
        "def is_drawing():\n"
        " told.append(0)\n"
        # The first two are asked before it is told what to draw.
        f" return truly() or len(told) > 2 and os.path.exists('/proc/{tool.pid}/exe')\n"
        "tool.isDrawing = is_drawing"
    )
    cell = notebook.run("plotms('sim.ms', xaxis='uvdist', gui=True)", timeout=20)
    assert "casaplotms answered but did not do its work, and was ended in the middle" in sentence(cell)
    assert ended([tool])
    again = notebook.run("plotms('sim.ms', gui=True)", timeout=20)
    assert again.error is None
    assert "image/png" in again.displayed[-1]
    notebook.run("tool.isDrawing = truly")
    record()


def test_a_window_that_still_says_it_draws_is_started_anew_for_the_next_call(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    tool = plotms_window(notebook)
    # What an interrupted cell leaves of one that has lost its work.
    notebook.run(
        "import os\nimport casaplotms.private.plotmstool as tool\ntruly = tool.isDrawing\n"
        f"tool.isDrawing = lambda: os.path.exists('/proc/{tool.pid}/exe') or truly()"
    )
    cell = notebook.run("plotms('sim.ms', gui=True)", timeout=20)
    assert cell.error is None
    assert "casaplotms did not draw, and is restarted." in cell.text
    assert ended([tool])
    assert "image/png" in cell.displayed[-1]
    notebook.run("tool.isDrawing = truly")
    record()


def test_a_viewer_that_answers_and_has_lost_its_work_is_replaced(notebook: Notebook) -> None:
    notebook.run("viewer('dirty.image')")
    (tool,) = running(notebook, "casaviewer")
    limit = tool.memory_info().vms + (40 << 20)
    resource.prlimit(tool.pid, resource.RLIMIT_AS, (limit, limit))
    cell = notebook.run("viewer('big.image')", timeout=40)
    assert "image/png" in cell.displayed[-1], cell.error
    assert ended([tool])


def test_a_stopped_mask_editor_is_told_of_and_goes_on_or_ends_with_an_error(
    notebook: Notebook, observation: Path, record: Callable[[], Dict[str, str]]
) -> None:
    before = digest(observation / "sim.ms")

    def stop_and_go_on(editor: MaskEditor) -> None:
        (viewer,) = running(notebook, "mask-editor")
        viewer.send_signal(signal.SIGSTOP)
        # Told at once; a stop that is over before anybody looked is none.
        while "is stopped, so tclean waits." not in notebook.client.get_iopub_msg(timeout=60)["content"].get(
            "text", ""
        ):
            pass
        viewer.send_signal(signal.SIGCONT)
        draw(editor)

    went_on = at_the_editor(notebook, "stopped", stop_and_go_on)
    assert went_on.error is None
    assert "is no longer stopped" in went_on.text

    def stop_and_interrupt(_editor: MaskEditor) -> None:
        running(notebook, "mask-editor")[0].send_signal(signal.SIGSTOP)
        notebook.manager.interrupt_kernel()

    assert at_the_editor(notebook, "given-up", stop_and_interrupt).error["ename"] == "KeyboardInterrupt"
    killed = at_the_editor(notebook, "killed", lambda _editor: running(notebook, "mask-editor")[0].kill())
    assert "ViewerLost: The window of tclean ended before tclean did (was it killed" in sentence(killed)
    again = CLEAN.format(name="killed").replace("interactive=True", "interactive=False")
    assert notebook.run(again).error is None, "the images stayed locked"
    assert digest(observation / "sim.ms") == before


def test_a_cleaning_without_memory_for_its_editors_threads_ends_with_an_error(
    notebook: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    # The memory is used up at the moment at which CASA asks for a mask, and is there again afterwards.
    hook = """
import resource
from contextlib import contextmanager
from casa_kernel.interactive.launcher import Launcher
awaited = Launcher.awaited
@contextmanager
def starved(*args, **options):
    former = resource.getrlimit(resource.RLIMIT_AS)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (8 << 20), former[1]))
    try:
        with awaited(*args, **options):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, former)
Launcher.awaited = starved
"""
    assert notebook.run(hook).error is None
    cell = notebook.run(CLEAN.format(name="starved"), timeout=20)
    assert notebook.run("Launcher.awaited = awaited").error is None
    assert "Shortage: No memory is left" in sentence(cell)
    assert at_the_editor(notebook, "starved", draw).error is None
    record()


def test_casalogger_may_be_stopped_or_killed(notebook: Notebook, record: Callable[[], Dict[str, str]]) -> None:
    for number in (signal.SIGSTOP, signal.SIGKILL):
        assert notebook.run("casalogger(gui=True)").error is None
        (logger,) = running(notebook, "casalogger")
        logger.send_signal(number)
        assert notebook.run("casalogger(gui=True)").error is None
        assert ended([logger])
    record()


def test_nothing_is_left_of_a_kernel_that_is_killed_with_everything_running(
    observation: Path, environment: Dict[str, str], runtime_directory: Path, record: Callable[[], Dict[str, str]]
) -> None:
    names = ("sim.ms", "dirty.image")
    before = [digest(observation / name) for name in names]
    folders = {*runtime_directory.glob(".kernel-*")}
    with Notebook(observation, environment) as kernel:
        for call in ("viewer('dirty.image')", "viewer('dirty.image', gui=True)", "plotms('sim.ms', gui=True)"):
            kernel.run(call)
        kernel.run("casalogger(gui=True)")
        kernel.client.execute(CLEAN.format(name="orphan"))
        with Screen(record()) as screen:
            MaskEditor.wait_for(screen, XHand(screen))
        left = below(kernel.pid)
        for each in (*running(kernel, "mask-editor"), *running(kernel, "casaplotms")):
            each.send_signal(signal.SIGSTOP)
        os.kill(kernel.pid, signal.SIGKILL)
        assert len(left) >= 6
        assert ended(left, 10)
    assert {*runtime_directory.glob(".kernel-*")} <= folders
    assert [digest(observation / name) for name in names] == before
    with Notebook(observation, environment) as kernel:
        again = CLEAN.format(name="orphan").replace("interactive=True", "interactive=False")
        assert kernel.run(again).error is None, "the images stayed locked"


def test_a_child_s_stops_are_told_and_its_end_is_left_to_others() -> None:
    told: List[bool] = []
    heard = threading.Condition()

    def tell(stopped: bool) -> None:
        with heard:
            told.append(stopped)
            heard.notify()

    pid = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
    stops.watch(pid, tell)
    for number, expected in ((signal.SIGSTOP, [True]), (signal.SIGCONT, [True, False])):
        os.kill(pid, number)
        with heard:
            assert heard.wait_for(lambda expected=expected: told == expected, 10)
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
