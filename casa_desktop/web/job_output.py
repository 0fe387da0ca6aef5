"""The model of a job's notebook, as Jupyter's contents API has those of files, for what lies outside of its root."""

from __future__ import annotations

from pathlib import Path

from ..batch import source
from ..batch.job_folder import Folder
from ..errors import NotebookUnreadable
from ..views.models import Body, time


def model(folder: Folder, whole: bool) -> Body:
    """Return the model of the notebook that a job writes.

    Args:
        folder: of the job.
        whole: whether the model has the notebook's content.

    Raises:
        JobDamaged: the folder cannot be read.
        NotebookUnreadable: there is no valid notebook, or none yet.
    """
    path = Path(folder.job().output)
    try:
        status = path.stat()
    except OSError as error:
        raise NotebookUnreadable(path, error.strerror or str(error)) from error
    return {
        "name": f"{folder.id}.ipynb",
        "path": f"{folder.id}.ipynb",
        "type": "notebook",
        "created": time(status.st_ctime),
        "last_modified": time(status.st_mtime),
        "size": status.st_size,
        "writable": False,
        "mimetype": None,
        "format": "json" if whole else None,
        "content": _untrusted(path) if whole else None,
    }


def _untrusted(path: Path) -> Body:
    """Return a notebook whose scripts no page runs, because it may be another's; JupyterLab asks before it does."""
    notebook = source.whole(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["trusted"] = False
    return dict(notebook)
