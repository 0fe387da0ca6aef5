"""Look up the history of a file or table: from the store of its folder, and what CASA has written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Mapping, Optional

from ..errors import CasaDesktopError, HistoryOfNothing
from ..store.digests import Digests
from ..store.models import Record
from ..store.room import store_folder
from ..store.states import state_of
from ..store.store import Store
from .models import History
from .reader import Reader
from .trace import Tracer


def history(path: str, reader: Reader, environ: Mapping[str, str], folder: Optional[str] = None) -> History:
    """Return how what lies at a path was made.

    Args:
        path: relative to the working folder, or absolute.
        reader: reads what CASA has written.
        environ: names the store, perhaps.
        folder: where else a store may lie; by default, the working folder.

    Raises:
        HistoryOfNothing: nothing is there.
    """
    there = os.path.abspath(os.path.expanduser(path))
    there = os.path.join(os.path.realpath(os.path.dirname(there)), os.path.basename(there))
    if not os.path.exists(there):
        raise HistoryOfNothing(Path(there))
    digests, records, problems = Digests(), [], []
    folders = dict.fromkeys([os.path.dirname(there), folder or os.getcwd()])
    stores = {}
    for each in folders:
        try:
            store = Store(store_folder(Path(each), environ))
            stores[store.folder] = store
        except (CasaDesktopError, OSError) as error:
            problems.append(f"The results that are kept for {each} cannot be read: {error}")
    for store in stores.values():
        records += store.records()
        digests = store.digests if records else digests
    if os.path.islink(there) and not any(there in record.after for record in records):
        there = os.path.realpath(there)
    found = Tracer(reader, _each_once(records), lambda name: state_of(name, digests).digest).history(there)
    found.notes[:0] = problems
    if reader.without:
        found.notes.insert(0, reader.without)
    return found


def _each_once(records: List[Record]) -> List[Record]:
    return list({record.key: record for record in records}.values())
