"""The key of a call: equal for two calls that give the same result."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Mapping, Sequence

from casa_desktop.store.models import State
from casa_desktop.store.values import encoded

# Changes when older records would be understood wrongly.
_SCHEMA = "2"
# A longer value of an argument is told by its digest.
_READABLE = 200


def parts(
    task: str,
    arguments: Mapping[str, Any],
    inputs: Mapping[str, State],
    outputs: Sequence[str],
    surroundings: Mapping[str, str],
) -> Dict[str, str]:
    """Return all that a result depends on, by name, each as a text that is equal if it is.

    Args:
        task: the task's name.
        arguments: all its parameters, with defaults.
        inputs: the states of what it reads, by absolute path.
        outputs: the absolute paths, or patterns, of what it writes.
        surroundings: versions, settings and the like.

    Raises:
        NotKept: the value of an argument cannot be compared.
    """
    found = {"schema": _SCHEMA, "task": task}
    found.update({f"argument {name}": _text(arguments[name]) for name in sorted(arguments)})
    found.update({f"input {path}": state.digest for path, state in sorted(inputs.items())})
    found.update({f"output {path}": "" for path in sorted(outputs)})
    found.update({f"surroundings {name}": text for name, text in sorted(surroundings.items())})
    return found


def of(named: Mapping[str, str]) -> str:
    """Return the key of a call from its parts."""
    return hashlib.blake2b(json.dumps(sorted(named.items())).encode(), digest_size=32).hexdigest()


def _text(value: Any) -> str:
    text = json.dumps(encoded(value), sort_keys=True)
    if len(text) <= _READABLE:
        return text
    return f"{text[:_READABLE]}… {hashlib.blake2b(text.encode(), digest_size=32).hexdigest()}"
