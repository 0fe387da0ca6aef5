"""What each task does to files, one row each. What differs between tasks stands here and nowhere else.

A row names what a task reads and writes in paths made of its parameters, and when it must simply run. ``table`` takes
whatever exists among the other arguments for an input as well. ``tests/kernel/reuse`` holds each row against what the
task really opens, makes and changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Tuple

# Kinds of output.
NEW = "new"  # What was there before is replaced, or makes the task fail.
CHANGED = "changed"  # It exists, and what it was before counts.
GROWN = "grown"  # As CHANGED if it exists, else made.
BESIDE = "beside"  # It gets a line in its history and belongs to something else: neither input nor result.

# In conditions: any value that is not empty, zero or false.
SET: Tuple[Any, ...] = ()


@dataclass(frozen=True)
class Output:
    """Something that a task writes.

    Attributes:
        path: where, in which ``{vis}`` stands for the parameter's path, ``{vis:name}`` for its last part, and
            ``{vis:again}`` for the whole below its own folder. ``*`` is what the arguments do not tell.
        kind: NEW, CHANGED, GROWN or BESIDE.
        where: parameters, and the values of each with which it is written; ``SET`` means any.
        unless: parameters, and the values of each with which it is not.
        optional: the data decide whether it is written.
    """

    path: str
    kind: str = NEW
    where: Mapping[str, Tuple[Any, ...]] = field(default_factory=dict)
    unless: Mapping[str, Tuple[Any, ...]] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Run:
    """When a call must simply be made, and why.

    Attributes:
        parameter: it decides.
        values: those with which the task runs; ``SET`` means any.
        reason: why, for the user.
    """

    parameter: str
    values: Tuple[Any, ...]
    reason: str


@dataclass(frozen=True)
class Row:
    """One task.

    Attributes:
        task: its name.
        reads: its parameters that name inputs, but for those that it always changes in place.
        outputs: what it writes.
        also: paths of further inputs, written as those of outputs; that one without ``*`` is not there counts, too.
        lists: those of ``reads`` whose files name further files.
        runs: when it must simply run.
        lists_folder: why it lists the folder of its outputs, without effect on its result; empty if it does not.
        hidden: state of the process on which its result depends: ``vp`` is the table of primary beams.
    """

    task: str
    reads: Tuple[str, ...]
    outputs: Tuple[Output, ...] = ()
    also: Tuple[str, ...] = ()
    lists: Tuple[str, ...] = ()
    runs: Tuple[Run, ...] = ()
    lists_folder: str = ""
    hidden: Tuple[str, ...] = ()


def _changed(**where: Tuple[Any, ...]) -> Output:
    return Output("{vis}", CHANGED, where=where)


def _versions(**where: Tuple[Any, ...]) -> Output:
    """Return the saved flags, whose contents decide the next version's name."""
    return Output("{vis}.flagversions", GROWN, where=where)


def _new(*parameters: str) -> Tuple[Output, ...]:
    """Return outputs that are made where their parameter is set."""
    return tuple(Output(f"{{{name}}}", where={name: SET}) for name in parameters)


def _image(task: str, *reads: str, output: str = "outfile") -> Row:
    return Row(task, ("imagename", *reads), _new(output))


_TAQL = Run("msselect", SET, "msselect may name tables in ways that are not read here")
_TAQL_TEXT = Run("taql", SET, "taql may name tables in ways that are not read here")
# Unless it is told what was answered before.
HAND = "hand"
_ASKS = Run("interactive", SET, "it asks for masks in a window")
_MPI = Run("parallel", SET, "its result depends on the number of processes")
_RESTARTS = Run("restart", (False,), "the images that are there decide the names of the new ones")
_APERTURES = Run(
    "gridder", ("awproject", "awprojectft", "awp2", "awphpg"), "its convolution functions are kept in a folder"
)

_SOLUTIONS = ("vis", "gaintable", "callib")


def _solve(task: str, *runs: Run) -> Row:
    """Return the row of a task that solves for a calibration table. It opens the data to write, and writes nothing."""
    table = (Output("{caltable}", unless={"append": SET}), Output("{caltable}", GROWN, where={"append": SET}))
    return Row(task, _SOLUTIONS, table, lists=("callib",), runs=runs)


def _rewrite(task: str, *outputs: Output) -> Row:
    """Return the row of a task that makes a MeasurementSet of another, and fails beside flags of one of that name."""
    return Row(task, ("vis",), (Output("{outputvis}"), *outputs), also=("{outputvis}.flagversions",))


_MADE = ("model", "image", "residual")
_USED = ("psf", "pb", "sumwt", "weight")


def _cleaned(*suffixes: str) -> Tuple[Output, ...]:
    """Return the images that cleaning makes, or goes on with where they are."""
    terms = ("alpha", "alpha.error", "beta")
    return (
        *(Output(f"{{imagename}}.{suffix}", GROWN, optional=True) for suffix in (*suffixes, "mask", *terms)),
        *(Output(f"{{imagename}}.{suffix}.tt*", GROWN, optional=True) for suffix in suffixes),
        # Every image that is called as the new ones are, if need be with a number behind the name.
        Output("{imagename}.*/logtable", BESIDE),
        Output("{imagename}[0-9_]*.*/logtable", BESIDE),
    )


_MASKED_BY = ("{imagename}.prev.mask", "{imagename}.work.temp")
_HISTORY = "it looks for images to whose history it adds"
# Responses of antennas, and arrays, in the working folder are used; else those of CASA's data.
_RESPONSES = "alma/responses/AntennaResponses"
_ARRAYS = "alma/simmos"

_APPLIED = {"action": ("apply",)}
_FLAGS_ALL = (
    "manual", "list", "clip", "quack", "shadow", "elevation", "tfcrop", "rflag", "antint", "extend", "unflag",
)  # fmt: skip

ROWS: Tuple[Row, ...] = (
    # Tasks that only look.
    Row("listobs", ("vis",), _new("listfile")),
    Row("listhistory", ("vis",)),
    Row("listcal", ("vis", "caltable"), _new("listfile")),
    Row("visstat", ("vis",), runs=(_TAQL_TEXT,)),
    Row("vishead", ("vis",), (_changed(mode=("put",)),)),
    Row("plotants", ("vis",), _new("figfile")),
    Row("uvmodelfit", ("vis",), _new("outfile"), runs=(_TAQL,)),
    # Flags.
    Row(
        "flagdata",
        ("vis", "inpfile"),
        (
            _changed(mode=_FLAGS_ALL, **_APPLIED),
            _changed(savepars=SET, outfile=("",)),
            _versions(mode=_FLAGS_ALL, flagbackup=SET, **_APPLIED),
            Output("{outfile}", where={"savepars": SET, "outfile": SET}),
        ),
        runs=(Run("display", ("data", "both", "report"), "it shows a window and waits"),),
    ),
    Row(
        "flagcmd",
        ("vis", "inpfile"),
        (
            _changed(action=("apply", "unapply")),
            _changed(action=("clear",)),
            _changed(savepars=SET, outfile=("",)),
            _versions(action=("apply", "unapply"), flagbackup=SET),
            Output("{outfile}", where={"savepars": SET, "outfile": SET}),
        ),
        runs=(Run("action", ("plot", "extract"), "it draws"),),
    ),
    Row(
        "flagmanager",
        ("vis",),
        # Even where it lists, it makes the folder of versions.
        (_changed(mode=("restore",)), _versions(mode=("list", "save", "delete", "rename"))),
        also=("{vis}.flagversions",),
    ),
    # Calibration.
    Row(
        "setjy",
        ("model",),
        (_changed(), Output("{vis:name}_setjy_*.cl", optional=True)),
        # Models in the working folder are used; else those of CASA's data.
        also=("nrao/VLA/CalModels", "nrao/VLA/standards", "Temporary_Image", "{vis}__tmp_mask_setjy_radiuslimit"),
        runs=(Run("listmodels", SET, "it lists the models in the working folder"),),
    ),
    # It rewrites the description of the model's table.
    Row("ft", ("complist",), (_changed(), Output("{model}", CHANGED, where={"model": SET}, optional=True))),
    Row("delmod", (), (_changed(),)),
    Row(
        "gencal",
        ("vis",),
        (Output("{caltable}", GROWN),),
        runs=(
            Run("caltype", ("antpos", "jyperk", "tecim"), "it asks a server for what it writes"),
            Run("infile", SET, "it is not known what it reads beside infile"),
        ),
    ),
    _solve("gaincal", _TAQL),
    _solve("bandpass", _TAQL),
    _solve("polcal", _TAQL),
    Row("blcal", ("vis", "gaintable"), (Output("{caltable}"),), runs=(_TAQL,)),
    Row(
        "fluxscale",
        ("caltable",),
        (
            _changed(),
            Output("{fluxtable}", unless={"append": SET}),
            Output("{fluxtable}", GROWN, where={"append": SET}),
            *_new("listfile"),
        ),
        runs=(Run("display", SET, "it draws"),),
    ),
    Row("smoothcal", ("vis", "tablein"), (Output("{caltable}"),)),
    Row("rerefant", ("vis", "tablein"), (Output("{caltable}"),)),
    Row("calstat", ("caltable",)),
    Row(
        "applycal",
        ("gaintable", "callib"),
        (_changed(), _versions(flagbackup=SET)),
        lists=("callib",),
        runs=(_TAQL,),
    ),
    Row("statwt", (), (_changed(), _versions(flagbackup=SET))),
    Row("uvsub", (), (_changed(),)),
    Row("clearcal", (), (_changed(),)),
    Row(
        "initweights",
        (),
        (_changed(),),
        runs=(Run("tsystable", SET, "it is not known what it reads beside tsystable"),),
    ),
    # New MeasurementSets.
    _rewrite("split"),
    Row(
        "mstransform",
        ("vis", "callib"),
        (Output("{outputvis}"),),
        also=("{outputvis}.flagversions",),
        lists=("callib",),
        runs=(_TAQL_TEXT,),
    ),
    _rewrite("cvel2"),
    _rewrite("hanningsmooth"),
    Row("uvcontsub", ("vis",), (Output("{outputvis}"),)),
    _rewrite("phaseshift"),
    Row("fixvis", ("vis",), (Output("{outputvis}", where={"outputvis": SET}), _changed(outputvis=("",)))),
    # It may add to the history of its inputs.
    Row(
        "concat",
        (),
        (Output("{vis}", CHANGED, optional=True), Output("{concatvis}", GROWN)),
        also=("{vis}_with_scrcols",),
    ),
    Row("conjugatevis", ("vis",), (Output("{outputvis}"),)),
    Row("exportuvfits", ("vis",), (Output("{fitsfile}"),)),
    Row("importuvfits", ("fitsfile",), (Output("{vis}"),)),
    # Simulations.
    Row(
        "simobserve",
        ("skymodel", "antennalist", "sdantlist", "ptgfile"),
        # It rewrites the table of components.
        (Output("{project}", GROWN), Output("{complist}", CHANGED, where={"complist": SET}, optional=True)),
        also=(_RESPONSES, _ARRAYS),
        hidden=("vp",),
    ),
    Row(
        "simanalyze",
        ("skymodel", "vis", "mask"),
        (Output("{project}", GROWN), Output("{logfile}", GROWN, where={"logfile": SET})),
        also=("table.dat", "{imagename}.image"),
        runs=(
            _ASKS,
            Run("modelimage", SET, "it is not known what it does with modelimage"),
            Run("featherimage", SET, "it is not known what it does with featherimage"),
        ),
        hidden=("vp",),
    ),
    # Imaging.
    Row(
        "tclean",
        ("vis", "startmodel", "mask", "vptable"),
        (
            *_cleaned(*_MADE, *_USED),
            Output("{imagename}.image.pbcor", GROWN, optional=True),
            _changed(savemodel=("modelcolumn", "virtual")),
        ),
        also=(*_MASKED_BY, "{imagename:again}.sumwt", "table.dat", _RESPONSES),
        runs=(
            _ASKS,
            _MPI,
            _RESTARTS,
            _APERTURES,
            Run("outlierfile", SET, "its file names further images"),
            Run("cfcache", SET, "its folder is read and written"),
        ),
        lists_folder=_HISTORY,
        hidden=("vp",),
    ),
    Row(
        "deconvolve",
        ("startmodel", "mask"),
        _cleaned(*_MADE),
        also=(*_MASKED_BY, "{imagename}.psf", "{imagename}.pb", "{imagename}.psf.tt*", "{imagename}.pb.tt*"),
        runs=(_ASKS,),
        lists_folder=_HISTORY,
    ),
    # Images.
    Row(
        "impbcor",
        ("imagename", "region", "mask"),
        # It rewrites the description of the primary beam's table.
        (*_new("outfile"), Output("{pbimage}", CHANGED, optional=True)),
    ),
    _image("imsmooth", "kimage", "region", "mask"),
    Row(
        "immath",
        ("imagename", "expr", "imagemd", "region", "mask"),
        _new("outfile"),
        lists_folder="it removes what an earlier call left unfinished",
    ),
    _image("imregrid", "template", output="output"),
    _image("imsubimage", "region", "mask"),
    _image("imcollapse", "region", "mask"),
    _image("imrebin", "region", "mask"),
    _image("imdev", "region", "mask"),
    _image("specsmooth", "region", "mask"),
    _image("impv", "mask"),
    Row("imtrans", ("imagename",), _new("outfile")),
    Row(
        "immoments",
        ("imagename", "region", "mask"),
        # One moment has the name that was asked for; several have theirs behind it.
        (Output("{outfile}", optional=True), Output("{outfile}.*", optional=True)),
        lists_folder="it looks for what it has just made",
    ),
    Row(
        "imfit",
        ("imagename", "region", "mask", "estimates"),
        (
            *(
                Output(f"{{{name}}}", where={name: SET}, optional=True)
                for name in ("residual", "model", "newestimates", "complist", "summary")
            ),
            Output("{logfile}", GROWN, where={"logfile": SET}),
        ),
    ),
    Row(
        "imstat",
        ("imagename", "region", "mask"),
        (
            Output("{logfile}", GROWN, where={"logfile": SET, "append": SET}),
            Output("{logfile}", where={"logfile": SET}, unless={"append": SET}),
        ),
    ),
    Row("imval", ("imagename", "region")),
    Row("imhead", ("imagename",), (Output("{imagename}", CHANGED, where={"mode": ("put", "add", "del")}),)),
    Row("imhistory", ("imagename",), (Output("{imagename}", CHANGED, where={"mode": ("append",)}),)),
    Row("imreframe", ("imagename",), (*_new("output"), Output("{imagename}", CHANGED, where={"output": ("",)}))),
    Row("imcontsub", ("imagename", "region"), _new("linefile", "contfile")),
    Row("feather", ("highres", "lowres"), (Output("{imagename}"),)),
    Row("exportfits", ("imagename",), (Output("{fitsimage}"),)),
    Row("importfits", ("fitsimage",), (Output("{imagename}"),), also=("{imagename}.tmp",)),
    Row("listfits", ("fitsfile",)),
)
