"""Keep decimal points: CASA reads and writes numbers by the process's locale, but understands only the point.

In a locale with a decimal comma, ``uvrange='10.5~40.5klambda'`` is read as 10 to 40 without a warning (casatools 6.7.0,
casaplotms 2.9.1). So LC_NUMERIC is C in the kernel, in the tools, and in all programs that the kernel starts. The rest
of the user's locale stays: messages, the letters of file names, dates.
"""

from __future__ import annotations

import functools
import locale
import sys
from typing import Dict, Mapping, MutableMapping, Optional

_NUMERIC = "LC_NUMERIC"
# The categories that LC_ALL sets, other than LC_NUMERIC: locale(7).
_OTHERS = (
    "LC_ADDRESS", "LC_COLLATE", "LC_CTYPE", "LC_IDENTIFICATION", "LC_MEASUREMENT", "LC_MESSAGES", "LC_MONETARY",
    "LC_NAME", "LC_PAPER", "LC_TELEPHONE", "LC_TIME",
)  # fmt: skip
# The conventions that LC_NUMERIC determines: localeconv(3).
_CONVENTIONS = ("decimal_point", "thousands_sep", "grouping")
_NOTE = (
    "In this kernel the decimal comma of {name} holds for Python's module locale, but not for formats such as {{:n}}: "
    "CASA reads numbers by the same setting and understands only points."
)


def with_points(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables with LC_NUMERIC=C. LC_ALL, which would override it, is moved to the other categories."""
    env = {name: value for name, value in environ.items() if name != "LC_ALL"}
    if environ.get("LC_ALL"):
        env.update(dict.fromkeys(_OTHERS, environ["LC_ALL"]))
    return {**env, _NUMERIC: "C"}


def use_points(environ: MutableMapping[str, str]) -> None:
    """Use decimal points from now on, in this process and in the programs that it starts."""
    wanted = with_points(environ)
    environ.pop("LC_ALL", None)
    environ.update(wanted)
    _keep_points()


def _keep_points() -> None:
    """Make Python's module ``locale`` leave C's LC_NUMERIC alone, and keep the user's setting for itself."""
    names = vars(locale)
    original = names["_setlocale"]

    @functools.wraps(original)
    def setlocale(category: int, name: Optional[str] = None) -> str:
        result: str = original(category, name)
        if name is None or category not in (locale.LC_ALL, locale.LC_NUMERIC):
            return result
        # localeconv() uses this before C's value, and so do atof(), format_string() and str().
        names["_override_localeconv"] = {}
        chosen = original(locale.LC_NUMERIC)
        if chosen not in ("C", "POSIX"):
            conventions: Mapping[str, object] = locale.localeconv()
            original(locale.LC_NUMERIC, "C")
            names["_override_localeconv"] = {each: conventions[each] for each in _CONVENTIONS}
            print(_NOTE.format(name=chosen), file=sys.stderr, flush=True)
        return result

    names["_setlocale"] = setlocale
