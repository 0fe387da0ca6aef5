"""The parameters of a task, as ``inp`` shows them and ``go`` passes them.

The wheel casashell knows which parameters belong to which value of another one (sub-parameters), their defaults then,
and their allowed values. It has an object for each task. The names used here are those of that object's private
methods, which a generator makes (seen unchanged from casashell 6.4.0 to 6.7.5). Where the wheel, or the task in it, is
missing, the task's signature is used instead.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ..checks import inputs

DEFAULT, SET, WRONG = "default", "set", "wrong"

# Parameters that the kernel adds, which CASA does not describe.
_OWN = {"gui": "True opens a window, False draws into the cell, None leaves it to %casa_mode"}


@dataclass(frozen=True)
class Parameter:
    """A parameter in a task's list of inputs.

    Attributes:
        name: its name.
        value: the value that the task would get.
        state: ``default``, ``set`` by the user, or ``wrong``.
        description: a short description from CASA.
        heads: whether other parameters depend on it.
        depends: whether it depends on another one, and is listed below it.
        reason: what is wrong with the value.
    """

    name: str
    value: Any
    state: str
    description: str
    heads: bool = False
    depends: bool = False
    reason: str = ""


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal; arrays of different shapes are not."""
    try:
        return type(one) is type(other) and bool(one == other)
    except ValueError:
        # The comparison of arrays gives an array.
        return bool((one == other).all()) if getattr(one, "shape", 0) == getattr(other, "shape", 1) else False


class Inputs:
    """The inputs of one task.

    Attributes:
        name: the task's name.
        title: CASA's short description of it.
        names: its parameters' names, in the order in which CASA shows them.
        positional: the same in the order of a call.
    """

    def __init__(self, name: str, task: Callable[..., Any], shell_task: Optional[Any] = None) -> None:
        """Describe a task.

        Args:
            task: the function that ``go`` calls.
            shell_task: casashell's object of that name, if there is one.
        """
        self.name = name
        self._shell = _ShellTask(shell_task) if shell_task is not None else None
        self._parameters = {
            each.name: each
            for each in inspect.signature(task).parameters.values()
            if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        }
        self.positional = tuple(self._parameters)
        self._documentation = inspect.getdoc(task) or ""
        ordered = self._shell.names if self._shell is not None else ()
        self.names: Tuple[str, ...] = (
            *(each for each in ordered if each in self._parameters),
            *(each for each in self._parameters if each not in ordered),
        )
        self.title = self._shell.title if self._shell is not None else self._first_line()

    def _first_line(self) -> str:
        return self._documentation.split("\n")[0].partition("----")[2].strip()

    def rows(self, values: Mapping[str, Any]) -> List[Parameter]:
        """Return the parameters that have a meaning when the user has set ``values``."""
        rows = []
        for name in self.names:
            if self._shell is not None and name in self._shell.names:
                row = self._shell.row(name, values)
                if row is not None:
                    rows.append(row)
            else:
                rows.append(self._plain_row(name, values))
        return rows

    def _plain_row(self, name: str, values: Mapping[str, Any]) -> Parameter:
        default = self._default(name)
        value = values.get(name, default)
        said = re.search(rf"^\s*{name}: (.*)$", self._documentation, re.MULTILINE)
        state = DEFAULT if same(value, default) else SET
        return Parameter(name, value, state, said.group(1) if said else _OWN.get(name, ""))

    def _default(self, name: str) -> Any:
        default = self._parameters[name].default
        return "" if default is inspect.Parameter.empty else default

    def values(self, values: Mapping[str, Any]) -> Dict[str, Any]:
        """Return the values of all parameters when the user has set ``values``."""
        return {
            name: self._shell.value(name, values)
            if self._shell is not None and name in self._shell.names
            else values.get(name, self._default(name))
            for name in self.names
        }

    def arguments(self, values: Mapping[str, Any]) -> Dict[str, Any]:
        """Return the arguments of a call: those that the user has set, and defaults of casashell that differ."""
        return {
            name: value
            for name, value in self.values(values).items()
            if name in values or not same(value, self._default(name))
        }


class _ShellTask:
    """One of casashell's task objects, which uses values that we give.

    Otherwise it would look for them in the global variables of casashell, far up the stack.
    """

    def __init__(self, task: Any) -> None:
        self._task = task
        self._prefix = f"{type(task).__name__}__"
        self.names = [
            name[len(self._prefix) : -len("_inp")]
            for name in vars(type(task))
            if name.startswith(self._prefix) and name.endswith("_inp")
        ]
        # msview has a parameter of that name, whose default differs from this kernel's.
        self.names = [name for name in self.names if name not in _OWN]
        self.title = " ".join(task._info_desc_.split())

    def _use(self, values: Mapping[str, Any]) -> None:
        setattr(self._task, f"{self._prefix}root_frame_", dict(values))

    def value(self, name: str, values: Mapping[str, Any]) -> Any:
        self._use(values)
        value = getattr(self._task, self._prefix + name)(dict(values))
        # simalma's mapsize has an empty string that is quoted twice.
        return ["" if each == "''" else each for each in value] if isinstance(value, list) else value

    def row(self, name: str, values: Mapping[str, Any]) -> Optional[Parameter]:
        """Return the parameter; None if it depends on another one whose value makes it meaningless."""
        said: List[Tuple[str, str, int]] = []
        self._use(values)
        # The method formats a line for a terminal and passes it to this attribute, which would otherwise print it.
        setattr(self._task, f"{self._prefix}do_inp_output", lambda *line: said.append(line))
        getattr(self._task, f"{self._prefix}{name}_inp")()
        if not said:
            return None
        line, description, _ = said[0]
        left, _, right = line.partition("=")
        # The colours in which CASA prints the value: red is wrong, blue differs from the default.
        state = WRONG if "\x1b[91m" in right else SET if "\x1b[34m" in right else DEFAULT
        value = self.value(name, values)
        return Parameter(
            name,
            value,
            state,
            description,
            heads="\x1b[47m" in left,
            depends=left.startswith("   "),
            reason=self._reason(name, value) if state == WRONG else "",
        )

    def _reason(self, name: str, value: Any) -> str:
        if value == "":
            return f"{name} has to be set."
        words = type(self._task).__call__.__globals__
        schema = getattr(self._task, f"{self._prefix}schema")
        validator = words["_pc"]
        validator.validate({name: value}, {name: schema[name]})
        missing = [path for path, said in validator.errors.items() if said[0] == "path not found"]
        return f"{missing[0]} does not exist." if missing else inputs.explain_schema(str(validator.errors))
