"""CASA's commands for tasks: choose one, set its parameters as variables, look at them, run it.

``inp``, ``default``, ``go``, ``tget``, ``tput`` and ``saveinputs`` use the variables of the notebook, and run the
notebook's tasks, with all that the kernel has added to them.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Mapping, MutableMapping, Optional, Tuple, Union

from ..checks import plain_values
from ..errors import InputsNotSaved, NoInputs, NoSuchTask, NoTaskChosen
from ..front import Front
from ..log.failures import Perform, guard
from . import saved, table
from .inputs import Inputs

# The commands that users type without parentheses.
COMMANDS = ("inp", "go", "default", "tget", "tput", "saveinputs")

Task = Union[str, Callable[..., Any], None]


class Habits:
    """The tasks of one notebook, and their inputs.

    Attributes:
        tasks: the notebook's tasks, by name.
        takes_variables: whether a task that is called without arguments takes the notebook's variables.
    """

    def __init__(
        self,
        namespace: MutableMapping[str, Any],
        given: Mapping[str, Any],
        tasks: Iterable[str],
        shell_task: Callable[[str], Any],
        logfile: Callable[[], Path],
        front: Front,
        present: Callable[[str, Callable[..., Any]], Callable[..., Any]],
        perform: Perform,
    ) -> None:
        """Prepare for a namespace.

        Args:
            given: the values that the kernel will put there; these are not parameters of tasks.
            shell_task: returns casashell's object for a task, or None.
            present: gets the name of a task and a function; returns the notebook's object for the task, which calls the
                function.
            perform: makes each call, or returns the result of a former one.
        """
        self.tasks = {name: present(name, guard(name, given[name], logfile, self._prepare, perform)) for name in tasks}
        self.takes_variables = False
        self._namespace, self._given = namespace, {**given, **self.tasks}
        self._shell_task, self._front = shell_task, front
        self._known: Dict[str, Inputs] = {}
        self._chosen: Optional[Inputs] = None

    def names(self) -> Dict[str, Any]:
        """Return the names for the notebook's namespace."""
        return {**self._given, **{name: getattr(self, name) for name in COMMANDS}}

    def holds(self, name: str) -> bool:
        """Return whether a name of the notebook is still the task that was put there."""
        return name in self.tasks and self._namespace.get(name) is self._given[name]

    # Commands for users

    def inp(self, task: Task = None) -> None:
        """Show the inputs of a task, or of the one used last: inp(tclean), inp."""
        inputs = self._choose(task)
        self._front.show(table.bundle(inputs, inputs.rows(self._values(inputs))), {})

    def default(self, task: Task = None) -> None:
        """Set all inputs of a task to their defaults: default(tclean)."""
        inputs = self._choose(task)
        for name in self._values(inputs):
            del self._namespace[name]
            if name in self._given:
                self._namespace[name] = self._given[name]

    def go(self, task: Task = None) -> Any:
        """Run a task, or the one used last, with the inputs that were set: go(tclean), go."""
        inputs = self._choose(task)
        values = self._values(inputs)
        _keep(inputs, values)
        return self.tasks[inputs.name](**inputs.arguments(values))

    def tget(self, task: Task = None, savefile: str = "") -> None:
        """Get a task's inputs back from task.last, task.saved or another file: tget(tclean)."""
        inputs = self._choose(task)
        places = [Path(savefile)] if savefile else [_file(inputs, ".last"), _file(inputs, ".saved")]
        path = next((each for each in places if each.is_file()), None)
        if path is None:
            raise NoInputs(inputs.name, [each.absolute() for each in places])
        values = saved.read(path, inputs.names)
        self._namespace.update(values)
        self._front.say(f"The inputs of {inputs.name} were read from {path.absolute()}.")

    def tput(self, task: Task = None, outfile: str = "") -> None:
        """Save a task's inputs in task.last or another file: tput(tclean)."""
        inputs = self._choose(task)
        path = Path(outfile) if outfile else _file(inputs, ".last")
        saved.write(path, inputs.name, inputs.values(self._values(inputs)))
        self._front.say(f"The inputs of {inputs.name} were saved in {path.absolute()}.")

    saveinputs = tput

    # Helpers

    def _choose(self, task: Task) -> Inputs:
        """Return the inputs of ``task``, which becomes the task used last."""
        if task is not None:
            self._chosen = self.inputs(_name(task))
        if self._chosen is None:
            raise NoTaskChosen
        return self._chosen

    def inputs(self, name: str) -> Inputs:
        """Return the inputs of the task ``name``.

        Raises:
            NoSuchTask: there is none.
        """
        if name not in self.tasks:
            raise NoSuchTask(name, difflib.get_close_matches(name, self.tasks, 1))
        if name not in self._known:
            self._known[name] = Inputs(name, self.tasks[name], self._shell_task(name))
        return self._known[name]

    def _prepare(self, name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
        """Return the arguments that a call takes from the notebook's variables, as in casashell."""
        if not self.takes_variables:
            return {}
        inputs = self.inputs(name)
        if args or kwargs:
            _keep(inputs, {**dict(zip(inputs.positional, args)), **kwargs})
            return {}
        values = self._values(inputs)
        _keep(inputs, values)
        return inputs.arguments(values)

    def _values(self, inputs: Inputs) -> Dict[str, Any]:
        """Return the parameters that the user has set, as tasks take them. Some have the same names as tools."""
        return {
            name: plain_values.value(self._namespace[name])
            for name in inputs.names
            if name in self._namespace and not (name in self._given and self._namespace[name] is self._given[name])
        }


def _keep(inputs: Inputs, values: Mapping[str, Any]) -> None:
    """Write the file of the inputs used last, if it can be written."""
    with suppress(InputsNotSaved):
        saved.write(_file(inputs, ".last"), inputs.name, inputs.values(values))


def _file(inputs: Inputs, ending: str) -> Path:
    return Path(inputs.name + ending)


def _name(task: Any) -> str:
    """Return the name of a task; CASA's own are instances of classes named _tclean and so on."""
    if isinstance(task, str):
        return task
    return str(getattr(task, "__name__", type(task).__name__.lstrip("_"))) if callable(task) else repr(task)
