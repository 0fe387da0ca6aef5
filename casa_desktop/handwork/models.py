"""What hands did while a task of CASA waited for them: the masks of a cleaning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple

from ..store.values import decoded, encoded

# Changes when an older release would misunderstand a record.
FORMAT = 1

# How a cleaning ended. Of a kernel that was killed, the end is not known.
UNKNOWN, FINISHED, STOP, NO_MORE, INTERRUPTED, FAILED = "", "finished", "stop", "no more", "interrupted", "failed"
ENDS = (UNKNOWN, FINISHED, STOP, NO_MORE, INTERRUPTED, FAILED)

# The viewer's answers.
CONTINUE = "continue"
ACTIONS = (CONTINUE, NO_MORE, STOP)


@dataclass(frozen=True)
class Image:
    """The shape of the images of one image field, as CASA's image tool tells it.

    Attributes:
        shape: the number of pixels along each axis, for example (512, 512, 1, 64).
        axes: the axes' names, for example ("Right Ascension", "Declination", "Stokes", "Frequency").
    """

    shape: Tuple[int, ...]
    axes: Tuple[str, ...]


@dataclass(frozen=True)
class Controls:
    """What CASA tells the mask editor, and what it gets back; all as they were sent.

    Attributes:
        niter: the iterations that are left in all.
        cycleniter: the most iterations until the next question.
        threshold: the flux at which the cleaning ends, for example "0.001000Jy".
        cyclethreshold: the flux at which the next question is asked.
    """

    niter: int
    cycleniter: int
    threshold: str
    cyclethreshold: str


@dataclass(frozen=True)
class Residual:
    """Where the small picture of a residual is, and what it shows (``handwork.preview`` makes it).

    Attributes:
        key: of the picture in ``masks.npz``, an array of uint8.
        plane: the indices of the plane that is shown, along the axes behind the first two.
        low: the value that is shown as 1, in the image's unit.
        high: the value that is shown as 255.
    """

    key: str
    plane: Tuple[int, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Step:
    """One question of CASA and its answer, for one image field; each cycle asks one for each field that goes on.

    Attributes:
        cycle: 1 for the first mask that was asked for.
        image: the field's image name, as a key of ``Record.images``.
        question: the controls that the editor showed.
        action: ``continue``, ``no more`` or ``stop``.
        answer: the controls that the user wanted.
        masks: the name of each mask image, without its folder, to the mask's key in ``masks.npz``.
        peak: the largest absolute residual that the question showed, in Jy/beam; None if CASA did not tell.
        flux: the flux of the model by then, in Jy; None if CASA did not tell.
        residual: a small picture of the residual that the question showed; None if there is none.
    """

    cycle: int
    image: str
    question: Controls
    action: str
    answer: Controls
    masks: Mapping[str, str]
    peak: Optional[float] = None
    flux: Optional[float] = None
    residual: Optional[Residual] = None


@dataclass(frozen=True)
class Minor:
    """One minor cycle, as CASA's iteration control ordered it; the questions have only six decimals of it.

    After "no more" there are minor cycles that no question comes before.

    Attributes:
        cycle: the cycle of the last question before it, as ``Step.cycle``.
        cycleniter: the most iterations.
        cyclethreshold: the flux at which it ends, in Jy.
        gain: the loop gain.
        nsigma: the multiple of the noise at which it ends; 0 for none.
    """

    cycle: int
    cycleniter: int
    cyclethreshold: float
    gain: float
    nsigma: float = 0.0


@dataclass(frozen=True)
class Record:
    """The handwork of one call.

    Attributes:
        task: the task's name.
        arguments: all its parameters, with defaults, as they were given.
        made: when it was called: local time with its offset, in ISO 8601.
        folder: the working folder, to which relative paths among the arguments refer.
        versions: of casatools, casatasks and casaviewer.
        images: the name of each image field, relative to the folder in which the record lies, to its shape.
        inputs: absolute path of each input to the digest of its state.
        steps: in their order.
        end: how the cleaning ended, one of ``ENDS``.
        minors: the minor cycles, in their order; none if CASA did not tell.
        files: the parameters that name short text files, like ``outlierfile``, to what is in them.
        before: the images that were there when the call began, and with which it went on (``handwork.outliers.there``).
        replayed: of a replay, the absolute path of the record from which the answers came; empty if hands gave them.
        remarks: of a replay, what was told when it ended, as sentences.
    """

    task: str
    arguments: Mapping[str, Any]
    made: str
    folder: str
    versions: Mapping[str, str]
    images: Mapping[str, Image]
    inputs: Mapping[str, str]
    steps: Tuple[Step, ...] = field(default=())
    end: str = UNKNOWN
    minors: Tuple[Minor, ...] = field(default=())
    files: Mapping[str, str] = field(default_factory=dict)
    before: Tuple[str, ...] = field(default=())
    replayed: str = ""
    remarks: Tuple[str, ...] = field(default=())

    @property
    def cycles(self) -> int:
        """How many cycles were asked for."""
        return max((step.cycle for step in self.steps), default=0)

    def as_json(self) -> Dict[str, Any]:
        """Return it as JSON takes it.

        Raises:
            NotKept: an argument is of a type that JSON cannot say.
        """
        return {
            "format": FORMAT,
            "kind": "masks",
            "task": self.task,
            "arguments": {name: encoded(value) for name, value in self.arguments.items()},
            "made": self.made,
            "folder": self.folder,
            "versions": dict(self.versions),
            "images": {
                name: {"shape": list(each.shape), "axes": list(each.axes)} for name, each in self.images.items()
            },
            "inputs": dict(self.inputs),
            "steps": [_step_as_json(each) for each in self.steps],
            "minors": [dict(vars(each)) for each in self.minors],
            "files": dict(self.files),
            "before": list(self.before),
            "replayed": self.replayed,
            "remarks": list(self.remarks),
            "end": self.end,
        }

    @classmethod
    def from_json(cls, value: Any) -> Record:
        """Make it of what ``as_json`` returned; ValueError if that was something else."""
        try:
            return cls(
                task=_as(str, value["task"]),
                arguments={name: decoded(each) for name, each in _as(dict, value["arguments"]).items()},
                made=_as(str, value["made"]),
                folder=_as(str, value["folder"]),
                versions=_texts(value["versions"]),
                images={name: _image(each) for name, each in _as(dict, value["images"]).items()},
                inputs=_texts(value["inputs"]),
                steps=tuple(_step(each) for each in _as(list, value["steps"])),
                end=_one_of(ENDS, value["end"]),
                minors=tuple(_minor(each) for each in _as(list, value.get("minors", []))),
                files=_texts(value.get("files", {})),
                before=tuple(_as(str, each) for each in _as(list, value.get("before", []))),
                replayed=_as(str, value.get("replayed", "")),
                remarks=tuple(_as(str, each) for each in _as(list, value.get("remarks", []))),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"{error} is missing" if isinstance(error, KeyError) else str(error)) from error


def _step_as_json(step: Step) -> Dict[str, Any]:
    return {
        "cycle": step.cycle,
        "image": step.image,
        "question": dict(vars(step.question)),
        "answer": {"action": step.action, **vars(step.answer)},
        "masks": dict(step.masks),
        "peak": step.peak,
        "flux": step.flux,
        "residual": None if step.residual is None else {**vars(step.residual), "plane": list(step.residual.plane)},
    }


def _step(value: Any) -> Step:
    return Step(
        cycle=_as(int, value["cycle"]),
        image=_as(str, value["image"]),
        question=_controls(value["question"]),
        action=_one_of(ACTIONS, value["answer"]["action"]),
        answer=_controls(value["answer"]),
        masks=_texts(value["masks"]),
        peak=_number(value["peak"]),
        flux=_number(value["flux"]),
        residual=_residual(value.get("residual")),
    )


def _residual(value: Any) -> Optional[Residual]:
    if value is None:
        return None
    plane = tuple(_as(int, each) for each in _as(list, value["plane"]))
    return Residual(_as(str, value["key"]), plane, _float(value["low"]), _float(value["high"]))


def _minor(value: Any) -> Minor:
    cycle, cycleniter = (_as(int, value[name]) for name in ("cycle", "cycleniter"))
    return Minor(cycle, cycleniter, *(_float(value[name]) for name in ("cyclethreshold", "gain", "nsigma")))


def _controls(value: Any) -> Controls:
    numbers, texts = ("niter", "cycleniter"), ("threshold", "cyclethreshold")
    return Controls(
        **{name: _as(int, value[name]) for name in numbers}, **{name: _as(str, value[name]) for name in texts}
    )


def _image(value: Any) -> Image:
    shape = tuple(_as(int, each) for each in _as(list, value["shape"]))
    return Image(shape, tuple(_as(str, each) for each in _as(list, value["axes"])))


def _as(kind: type, value: Any) -> Any:
    # In Python a bool is an int.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _number(value: Any) -> Optional[float]:
    return None if value is None else _float(value)


def _float(value: Any) -> float:
    # JSON may say 1 for 1.0, and Python reads 1e999 as infinity.
    number = float(value) if type(value) is int else float(_as(float, value))
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is too large")
    return number


def _one_of(words: Tuple[str, ...], value: Any) -> str:
    if value not in words:
        raise ValueError(f"{value!r} is none of {', '.join(map(repr, words))}")
    return str(value)


def _texts(value: Any) -> Dict[str, str]:
    return {_as(str, name): _as(str, each) for name, each in _as(dict, value).items()}
