"""Which files of tests run together, which alone, and in which order; pure.

A file is one unit: its tests share a kernel, a desktop or a JupyterLab that takes seconds to start.
"""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, Optional, Sequence, Tuple

# Folders that want the machine as it is: they run in no place of their own, one by one, beside those that do.
MACHINE: Dict[str, str] = {
    "tests/town/": "users of the machine, by their own uids, and their hub",
    "tests/neighbours/": "twenty users of the machine, by their own uids",
    "tests/chaos/": "kills at random moments, and the machine buries what is left behind",
}

# Files, folders and single tests that want the machine for themselves: they run after all others, one by one, in no
# place of their own.
ALONE: Dict[str, str] = {
    "tests/lasting/test_fast_motion.py": "lives by clocks that run so fast that an hour is a second",
    "tests/kernel/test_foreign_settings.py::test_windows_look_the_same": "compares pictures of windows, each at once",
    "tests/test_clock.py::test_the_watch_stands_still": "shares one processor with a stranger, and with nobody else",
}

# How long one test of these marks may take, in seconds.
LIMITS = {"matrix": 1800, "container": 3600}

# What `make check` leaves out: folders, tests that ask for one of these, and the few others that take long.
SLOW_FOLDERS = ("tests/system/", *MACHINE, *ALONE)
SLOW_FIXTURES = {"untouched", "observation", "browser", "kernel_environment"}
SLOW: Tuple[str, ...] = (
    "tests/casa_desktop/desktop/test_idle.py",
    "tests/casa_desktop/kernels/test_check.py",
    "tests/casa_desktop/kernels/test_client.py",
    "tests/casa_desktop/desktop/test_open_url.py",
    "tests/casa_desktop/system/test_pythonpath.py",
    "tests/casa_desktop/launchers/test_desktop.py",
    "tests/casa_desktop/kernels/test_overlay.py",
    "tests/casa_desktop/kernels/test_provisioner.py",
    "tests/casa_desktop/web/test_websocket.py",
    "tests/casa_desktop/network/test_isolate.py",
    "tests/casa_desktop/web/test_standalone.py",
    "tests/casa_desktop/desktop/test_lifecycle.py",
    "tests/casa_desktop/views/test_share_links.py",
    "tests/casa_desktop/web/test_activity.py",
    "tests/casa_desktop/web/test_tool_activity.py",
    "tests/casa_desktop/web/test_rest.py",
    "tests/casa_desktop/test_starved.py",
    "tests/casa_desktop/desktop/test_supervisor.py",
    "tests/kernel/jupyter/test_loading.py",
    "tests/kernel/casa/test_options.py",
    "tests/kernel/drawing/test_viewer_values.py",
    "tests/kernel/checks/test_working_folder.py",
    "tests/casa_desktop/desktop/test_mending.py",
    "tests/benchmarks/test_harness.py",
    "tests/casa_desktop/batch/test_execution.py",
    "tests/casa_desktop/batch/test_arrays.py",
    "tests/casa_desktop/batch/test_here.py",
    "tests/casa_desktop/web/test_uws.py",
    "tests/casa_desktop/web/test_job_rest.py",
    # Installs from the registry.
    "tests/casa_desktop/batch/test_notebooks.py",
    "tests/casa_desktop/batch/test_slurm.py",
    "tests/casa_desktop/batch/test_own_kernels.py",
    "tests/casa_desktop/web/test_foreign_jupyter.py",
    "tests/casa_desktop/desktop/test_detached_jobs.py",
    "tests/casa_desktop/kernels/test_install.py",
    "tests/casa_desktop/store/test_processes.py",
    "tests/casa_desktop/system/test_inotify.py",
    "tests/casa_desktop/system/test_open_folder.py",
    "tests/casa_desktop/web/test_guests.py::test_no_route_of_a_full_jupyterlab",
    "tests/casa_desktop/x11/test_keyboard_symbols.py",
    "tests/kernel/tools/test_kernel_guard.py",
    "tests/lasting/test_long_life.py",
    # Whole runs of a small suite, with its workers.
    "tests/runner/test_flaky.py",
    "tests/runner/test_parallel.py",
    # Tests of files once more, on each kind of disk.
    "tests/casa_desktop/store/test_disks.py",
    "tests/casa_desktop/store/test_store_on_disks.py",
    "tests/kernel/reuse/test_keeper_on_disks.py",
    "tests/kernel/reuse/test_reduction_on_disks.py",
    # CASA is imported by these.
    "tests/casa_desktop/history/test_script.py::test_in_the_place_of_a_call",
    "tests/kernel/casa/test_tables.py::test_the_primary_beams_that_casa_remembers",
    "tests/kernel/drawing/test_catalogue.py::test_each_module_that_imports_matplotlib",
    "tests/kernel/reuse/test_surroundings.py::test_the_code_of_a_task",
    "tests/kernel/reuse/test_surroundings.py::test_the_settings_that_casacore_reads",
    "tests/kernel/test_start.py::test_a_kernel_without_measures_data",
    "tests/kernel/tools/test_limits.py::test_an_environment_without_meaning",
    "tests/kernel/tools/test_limits.py::test_a_tool_s_memory_counts",
)

# How long a file takes on a quiet machine, in seconds, where that is above ten. A wrong number costs time and nothing
# else; each parallel run ends with what it measured.
SECONDS: Dict[str, float] = {
    "tests/benchmarks/test_harness.py": 15,
    "tests/casa_desktop/batch/test_arrays.py": 56,
    "tests/casa_desktop/batch/test_execution.py": 33,
    "tests/casa_desktop/batch/test_here.py": 33,
    "tests/casa_desktop/batch/test_notebooks.py": 11,
    "tests/casa_desktop/batch/test_own_kernels.py": 20,
    "tests/casa_desktop/batch/test_slurm.py": 59,
    "tests/casa_desktop/desktop/test_idle.py": 26,
    "tests/casa_desktop/desktop/test_mending.py": 15,
    "tests/casa_desktop/desktop/test_supervisor.py": 24,
    "tests/casa_desktop/kernels/test_overlay.py": 11,
    "tests/casa_desktop/kernels/test_provisioner.py": 29,
    "tests/casa_desktop/launchers/test_desktop.py": 15,
    "tests/casa_desktop/network/test_isolate.py": 13,
    "tests/casa_desktop/store/test_disks.py": 37,
    "tests/casa_desktop/system/test_inotify.py": 14,
    "tests/casa_desktop/test_starved.py": 19,
    "tests/casa_desktop/views/test_share_links.py": 13,
    "tests/casa_desktop/web/test_extension.py": 32,
    "tests/casa_desktop/web/test_foreign_jupyter.py": 16,
    "tests/casa_desktop/web/test_rest.py": 12,
    "tests/casa_desktop/web/test_standalone.py": 89,
    "tests/casa_desktop/web/test_tool_activity.py": 17,
    "tests/casa_desktop/web/test_uws.py": 14,
    "tests/casa_desktop/web/test_video.py": 40,
    "tests/casa_desktop/web/test_websocket.py": 28,
    "tests/casa_desktop/x11/test_keyboard_symbols.py": 15,
    "tests/chaos/test_chaos.py": 80,
    "tests/kernel/casa/test_tables.py": 13,
    "tests/kernel/casa/test_task_names.py": 24,
    "tests/kernel/checks/test_paths.py": 14,
    "tests/kernel/drawing/test_child_process.py": 34,
    "tests/kernel/drawing/test_desktop.py": 34,
    "tests/kernel/drawing/test_figures.py": 99,
    "tests/kernel/drawing/test_headless.py": 14,
    "tests/kernel/drawing/test_live.py": 66,
    "tests/kernel/drawing/test_plotms.py": 78,
    "tests/kernel/drawing/test_scale.py": 41,
    "tests/kernel/drawing/test_served_pages.py": 41,
    "tests/kernel/drawing/test_snapshot.py": 13,
    "tests/kernel/drawing/test_tool_pool.py": 25,
    "tests/kernel/drawing/test_viewer_values.py": 35,
    "tests/kernel/history/test_history.py": 35,
    "tests/kernel/inputs/test_commands.py": 15,
    "tests/kernel/interactive/test_fifo_folder.py": 13,
    "tests/kernel/interactive/test_flag_display.py": 23,
    "tests/kernel/interactive/test_missing_editor.py": 21,
    "tests/kernel/interactive/test_restarted_calls.py": 14,
    "tests/kernel/jupyter/test_process_folders.py": 12,
    "tests/kernel/log/test_cell_log.py": 50,
    "tests/kernel/ranks/test_ranks.py": 115,
    "tests/kernel/replay/test_broken_records.py": 54,
    "tests/kernel/replay/test_export.py": 71,
    "tests/kernel/replay/test_flag_keeper.py": 29,
    "tests/kernel/replay/test_flag_windows.py": 51,
    "tests/kernel/replay/test_masks.py": 90,
    "tests/kernel/replay/test_other_cleanings.py": 37,
    "tests/kernel/reuse/test_keeper_on_disks.py": 12,
    "tests/kernel/reuse/test_reduction_on_disks.py": 12,
    "tests/kernel/reuse/test_rows.py": 51,
    "tests/kernel/test_bad_input.py": 42,
    "tests/kernel/test_contained.py": 76,
    "tests/kernel/test_documentation.py": 36,
    "tests/kernel/test_earlier_kernelspecs.py": 16,
    "tests/kernel/test_elsewhere.py": 32,
    "tests/kernel/test_foreign_settings.py": 46,
    "tests/kernel/test_full_disk.py": 27,
    "tests/kernel/test_many_files.py": 30,
    "tests/kernel/test_network.py": 28,
    "tests/kernel/test_removed_files.py": 14,
    "tests/kernel/test_removed_root.py": 18,
    "tests/kernel/test_starved.py": 172,
    "tests/kernel/tools/test_stalls.py": 48,
    "tests/kernel/tools/test_viewer_preferences.py": 45,
    "tests/labextension/test_front_end.py": 35,
    "tests/lasting/test_fast_motion.py": 34,
    "tests/lasting/test_long_life.py": 24,
    "tests/neighbours/test_kernels.py": 18,
    "tests/neighbours/test_neighbours.py": 13,
    "tests/neighbours/test_two_servers.py": 36,
    "tests/runner/test_parallel.py": 26,
    "tests/system/test_casalogger.py": 16,
    "tests/system/test_demo_notebook.py": 25,
    "tests/system/test_desktop_in_cell.py": 75,
    "tests/system/test_firefox.py": 12,
    "tests/system/test_foreign_jupyter.py": 64,
    "tests/system/test_hub.py": 18,
    "tests/system/test_hub_slurm.py": 120,
    "tests/system/test_interactive_tclean.py": 62,
    "tests/system/test_intruders.py": 19,
    "tests/system/test_jobs.py": 51,
    "tests/system/test_lab_desktops.py": 66,
    "tests/system/test_lab_notebooks.py": 106,
    "tests/system/test_launcher.py": 14,
    "tests/system/test_log.py": 58,
    "tests/system/test_modes.py": 45,
    "tests/system/test_notebook7.py": 29,
    "tests/system/test_nothing_is_left.py": 31,
    "tests/system/test_ondemand.py": 13,
    "tests/system/test_page.py": 50,
    "tests/system/test_page_keys.py": 24,
    "tests/system/test_page_picture.py": 28,
    "tests/system/test_page_video.py": 90,
    "tests/system/test_plotms.py": 15,
    "tests/system/test_reuse.py": 48,
    "tests/system/test_revival.py": 56,
    "tests/system/test_viewer.py": 27,
    "tests/town/test_culling.py": 40,
    "tests/town/test_dead_servers.py": 25,
    "tests/town/test_homes.py": 26,
    "tests/town/test_hub.py": 110,
    "tests/town/test_measure.py": 26,
}
_OTHERS = 2.0


def unit_of(test: str) -> str:
    """Return the file of a test, by its pytest node id; or, of a test that runs alone, what ``ALONE`` names it by."""
    named = (name for name in ALONE if "::" in name and test.startswith(name))
    return next(named, test.split("::", 1)[0])


def is_alone(unit: str) -> bool:
    """Tell whether a unit runs alone."""
    return unit.startswith(tuple(ALONE))


def is_of_machine(unit: str) -> bool:
    """Tell whether a unit runs in no place of its own, beside others."""
    return unit.startswith(tuple(MACHINE))


def is_slow(path: str) -> bool:
    """Tell whether `make check` leaves out a test, a file or a folder, whatever fixtures there are.

    Args:
        path: below the project's root; a folder's ends with a slash.
    """
    return path.startswith((*SLOW_FOLDERS, *SLOW))


def is_quick(test: str, fixtures: Collection[str]) -> bool:
    """Tell whether a test needs neither CASA nor a browser, nor much time."""
    return not is_slow(test) and not SLOW_FIXTURES & set(fixtures)


def seconds(unit: str) -> float:
    """Return how long a unit is thought to take."""
    return SECONDS.get(unit, _OTHERS)


def ordered(units: Collection[str], rank: Callable[[str], int]) -> List[str]:
    """Return the units in the order in which they are to start: by rank, the longest first."""
    return sorted(units, key=lambda unit: (rank(unit), -seconds(unit), unit))


def chosen(waiting: Sequence[str], last: Optional[str], others: Collection[str], rank: Callable[[str], int]) -> str:
    """Return the unit that a worker does next.

    It stays in a folder, whose fixtures it has running, as long as it can; then it goes where most is left to do, and
    only at the end where another worker is.

    Args:
        waiting: the units that nobody does yet, in their order; not empty.
        last: what the worker did last.
        others: what the other workers are at.
        rank: of units; those of the least rank come first, wherever they are.
    """
    least = min(map(rank, waiting))
    first = [unit for unit in waiting if rank(unit) == least]
    own = [unit for unit in first if last and _folder(unit) == _folder(last)]
    if own:
        return own[0]
    busy = set(map(_folder, others))
    left: Dict[str, float] = {}
    for unit in first:
        left[_folder(unit)] = left.get(_folder(unit), 0) + seconds(unit)
    most = max(left, key=lambda folder: (folder not in busy, left[folder]))
    return next(unit for unit in first if _folder(unit) == most)


def _folder(unit: str) -> str:
    return unit.rpartition("/")[0]
