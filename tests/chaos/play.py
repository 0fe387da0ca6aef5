"""One round, from the first word of its work to the last look at its promises."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Dict, List, Optional, Set
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
from Xlib.error import ConnectionClosedError, DisplayConnectionError

from ..support.living import below, is_alive, living, name_of
from ..support.mask_editor import MaskEditor, find_green_box
from ..support.processes import ended
from ..support.screen import Screen, XHand
from . import verdicts, works
from .arena import DESKTOP, Arena, Identity, digest
from .cells import Cell
from .faults import Fault
from .ledger import BY_ITSELF, RESULT, UNHARMED, WHEN_ASKED, Outcome
from .plan import DESKTOP as OF_THE_DESKTOP
from .plan import ENDS, FOR_GOOD, HELD, TOOLS, Action, Moment, Round, Victim, Work

# How long a work may take after whatever was done has been undone, in seconds. A stalled tool is given up after 12 s.
END_SECONDS = 30.0
# A busy machine is many times slower than the quiet one for which 3 s are promised: a kernel that took 4 s took 12.
BACK_SECONDS = 30.0
GONE_SECONDS = 20.0
# How long something is starved, at most.
STARVED_SECONDS = 2.0
_SPOTS = {
    Victim.X_SERVER: verdicts.X_SERVER,
    Victim.WINDOW_MANAGER: verdicts.WINDOW_MANAGER,
    Victim.SUPERVISOR: verdicts.SUPERVISOR,
    Victim.CARETAKER: verdicts.CARETAKER,
}
_PROGRAMS = {Victim.VIEWER: "casaviewer", Victim.PLOTMS: "casaplotms", Victim.LOGGER: "casalogger"}
_NO_SCREEN = (ConnectionClosedError, DisplayConnectionError, TimeoutError, BrokenPipeError)


class Play:
    """Plays one round.

    Args:
        arena: where; ``prepare`` has been called.
        round_: what.
    """

    def __init__(self, arena: Arena, round_: Round) -> None:
        self._arena, self._round = arena, round_
        self.outcome = Outcome(round_)
        self._broken: List[str] = []
        self._before: Dict[str, Identity] = {}
        self._victims: List[psutil.Process] = []
        self._doomed: List[psutil.Process] = []
        self._fault: Optional[Fault] = None
        self._daemon: Optional[psutil.Process] = None
        self._interrupted = False
        self._began_at = self._hit_at = self._released_at = 0.0
        self._windows = 0

    def run(self) -> Outcome:
        """Play it; return what came of it."""
        self._began_at = time.monotonic()
        arena, what = self._arena, self._round
        self._before = arena.parts()
        beside = arena.kernels[1].run(works.cell(what.bystander, f"{what.number}-beside"))
        try:
            if what.action is Action.FORK:
                self._fork()
            cell = self._act()
            self._conclude(cell)
            self._await_return(cell)
        finally:
            self._undo()
        self._judge_bystander(beside)
        self._judge_others()
        self._judge_data()
        self.outcome.broken, self.outcome.seconds = self._broken, time.monotonic() - self._began_at
        return self.outcome

    # The deed

    def _act(self) -> Cell:
        """Begin the work, and hit the victim at the moment; return the work's cell."""
        what = self._round
        self._windows = self._count_windows() if what.moment in (Moment.WINDOW, Moment.MASK) else 0
        if what.moment is Moment.BEFORE and (what.victim not in TOOLS or self._found()):
            self._fault = self._hit()
            cell = self._begin()
        else:
            cell = self._begin()
            self._await_moment(cell)
            self._fault = self._hit(cell)
        self._hold(self._fault, cell)
        return cell

    def _fork(self) -> None:
        """Have a cell fork a process that lives on, with all that the kernel has open."""
        cell = self._arena.kernels[0].run(works.FORK)
        # What it prints comes by another way than the answer.
        if not cell.wait(lambda: bool(cell.lost) or cell.text.endswith("\n"), END_SECONDS) or cell.lost:
            raise RuntimeError(f"No daemon was forked: {cell.reply or cell.lost} {cell.text}")
        self._daemon = psutil.Process(int(cell.text))

    def _undo(self) -> None:
        """End what was done."""
        if self._fault is not None:
            self._fault.release()
        self._end_daemon()

    def _end_daemon(self) -> None:
        """End what a cell has forked, which has lived until now."""
        if self._daemon is not None:
            if not is_alive(self._daemon):
                self._broken.append("the daemon that a cell forked did not live on")
            with suppress(psutil.NoSuchProcess):
                self._daemon.kill()
            if not ended([self._daemon], GONE_SECONDS):
                self._broken.append("the daemon was killed and did not end")
            self._daemon = None

    def _begin(self) -> Cell:
        what = self._round
        if what.work is Work.SCREENSHOT:
            return _screenshot(self._arena)
        return self._arena.kernels[0].run(works.cell(what.work, str(what.number)))

    def _await_moment(self, cell: Cell) -> None:
        moment, usual = self._round.moment, works.USUAL[self._round.work]
        if moment is Moment.FIRST_LOG:
            cell.wait(cell.has_words, END_SECONDS)
        elif moment in (Moment.WINDOW, Moment.MASK):
            self._await_window(cell, drawn=moment is Moment.MASK)
        else:
            cell.wait_until_over(usual * self._round.fraction)

    def _count_windows(self) -> int:
        with suppress(*_NO_SCREEN), self._arena.screen() as screen:
            return self._seen(screen)
        return 0

    def _seen(self, screen: Screen) -> int:
        title = works.TITLES[self._round.work]
        return sum(title in window.title for window in screen.windows())

    def _await_window(self, cell: Cell, drawn: bool) -> None:
        """Return as soon as the work's window is up, or the work is over."""
        # The desktop is there before the cell speaks of it.
        cell.wait(cell.has_words, END_SECONDS)

        def look() -> bool:
            return cell.over or (
                self._seen(screen) > self._windows and (not drawn or find_green_box(screen.pixels()) is not None)
            )

        with suppress(*_NO_SCREEN), self._arena.screen() as screen:
            screen.wait_until(look, "window", 8)

    def _found(self) -> List[psutil.Process]:
        """Return the victim's processes that are there now."""
        arena, what = self._arena, self._round
        if what.victim in OF_THE_DESKTOP:
            part = arena.desktop().get(_SPOTS[what.victim])
            return [part] if part is not None else []
        if what.victim in TOOLS:
            return arena.tools(_PROGRAMS[what.victim], "mask-editor" if what.work is Work.INTERACTIVE else "")
        if what.victim in (Victim.PORTER, Victim.WAY_OUT):
            return arena.porter() if what.victim is Victim.PORTER else arena.way_out()
        if what.victim is Victim.STARTER:
            return arena.starter(what.start)
        pids = {
            Victim.KERNEL: arena.kernels[0].pid,
            Victim.SERVER: arena.server.process.pid,
            Victim.VIEW: arena.view.process.pid if arena.view else None,
        }
        pid = pids.get(what.victim)
        return living(pid)

    def _hit(self, cell: Optional[Cell] = None) -> Fault:
        what = self._round
        self._victims = self._found()
        deadline = time.monotonic() + 4
        # A tool's birth is no event that anybody but its parent could wait for.
        while cell and not self._victims and what.victim in TOOLS and not cell.over and time.monotonic() < deadline:
            cell.wait_until_over(0.02)
            self._victims = self._found()
        hit = {Victim.KERNEL: [0], Victim.SERVER: [0, 1]}.get(what.victim, [])
        self._doomed = [each for number in hit for each in below(self._arena.kernels[number].pid)]
        self._doomed = [each for each in self._doomed if each != self._daemon]
        if what.victim is Victim.PORTER:
            self._doomed += self._arena.way_out()
        self._hit_at = time.monotonic()
        disk = self._arena.runtime if what.in_runtime else self._arena.data
        file = self._arena.root / DESKTOP / what.file
        return Fault(what.action, self._victims, disk, file, self._arena.inotify)

    def _hold(self, fault: Fault, cell: Cell) -> None:
        """Leave it as it is for a while, and undo it."""
        if fault.action in HELD and self._round.pause == FOR_GOOD:
            self._see_it_end_without(cell)
        elif fault.action in HELD:
            # Stopped for all of its time, whatever becomes of the work: others must do without it as well.
            threading.Event().wait(self._round.pause)
        elif fault.action not in ENDS:
            cell.wait_until_over(STARVED_SECONDS)
        # What comes back comes back without inotify.
        if fault.action is not Action.BLIND:
            fault.release()
        self._released_at = time.monotonic()

    def _see_it_end_without(self, cell: Cell) -> None:
        """See a work end while its victim is stopped; what waits for the user ends when he says so."""
        if self._round.work is Work.INTERACTIVE and not cell.wait_until_over(STARVED_SECONDS):
            self._interrupted = True
            self._arena.kernels[0].interrupt()
        if not cell.wait_until_over(FOR_GOOD):
            self._broken.append(f"the work waited for the stopped {self._round.victim.value} for {FOR_GOOD:.0f} s")

    # The work's end

    def _conclude(self, cell: Cell) -> None:
        """See the work end in time, with a result or with a clear error."""
        what = self._round
        if what.work is Work.INTERACTIVE:
            self._end_waiting(cell)
        if not cell.wait_until_over(END_SECONDS):
            self._broken.append(f"{what.work.value} neither ended nor gave an error within {END_SECONDS:.0f} s")
            self._free(cell)
            return
        assert cell.finished is not None
        self.outcome.took = max(cell.finished - self._hit_at, 0.0)
        self._judge(cell)

    def _end_waiting(self, cell: Cell) -> None:
        """End a tclean that goes on waiting at its mask editor as a user does; one without an editor ends by itself."""
        deadline = time.monotonic() + END_SECONDS / 2
        while not cell.over and time.monotonic() < deadline:
            if self._arena.tools("casaviewer", "mask-editor") and self._has_window():
                if not (self._round.goes_on and self._goes_on(cell)):
                    self._interrupted = True
                    # A server that was killed is not asked; the cell is told so a moment later.
                    with suppress(OSError):
                        self._arena.kernels[0].interrupt()
                return
            cell.wait_until_over(0.1)
        if not cell.over:
            self._broken.append("tclean waits, and there is no mask editor to wait for")

    def _goes_on(self, cell: Cell) -> bool:
        """Draw a mask and press the blue arrow; tell whether that could be done."""
        with suppress(*_NO_SCREEN, AssertionError), self._arena.screen() as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen), timeout=END_SECONDS / 3)
            editor.draw((0.4, 0.6), (0.6, 0.4))
            editor.go_on()
            return True
        # It may have lost its viewer in the meantime, which it says.
        if not cell.wait_until_over(3):
            self._broken.append("no mask could be drawn in the mask editor, and it goes on waiting")
        return cell.over

    def _has_window(self) -> bool:
        with suppress(*_NO_SCREEN), self._arena.screen() as screen:
            return self._seen(screen) > 0
        return False

    def _free(self, cell: Cell) -> None:
        """Get rid of a work that hangs, for the next round."""
        with suppress(OSError):
            self._arena.kernels[0].interrupt()
        if not cell.wait_until_over(5):
            self._arena.kernels[0].end()
            self._arena.kernels.pop(0)

    def _judge(self, cell: Cell) -> None:
        outcome, what = self.outcome, self._round
        if cell.reply is None:
            outcome.ended = f"lost {cell.lost}"
            if what.victim not in (Victim.KERNEL, Victim.SERVER) and not self._may_be_torn():
                self._broken.append(f"the work was lost ({cell.lost}), and neither its kernel nor the server was hit")
            return
        if cell.reply["status"] == "ok":
            outcome.ended = RESULT
            return
        outcome.ended, outcome.words = str(cell.reply.get("ename", "")), str(cell.reply.get("evalue", ""))[:300]
        if outcome.ended == "KeyboardInterrupt" and self._interrupted:
            return
        if not verdicts.is_clear(outcome.ended, outcome.words):
            self._broken.append(f"{outcome.ended or 'an error without a name'} is no clear error")

    # The victim's return

    def _await_return(self, cell: Cell) -> None:
        what = self._round
        if not self._victims and what.victim not in (Victim.DISK, Victim.FILE, Victim.STARTER):
            self.outcome.returned = "absent"
            return
        gone = bool(self._victims) and not any(map(is_alive, self._victims))
        if not gone and what.action in ENDS:
            gone = ended(self._victims, GONE_SECONDS)
        since = self._hit_at if gone else self._released_at
        returned = self._returned(gone)
        self.outcome.returned = returned
        self.outcome.back = time.monotonic() - since if gone or what.action not in ENDS else None
        if not returned:
            self._broken.append(f"{what.victim.value} was not back within {BACK_SECONDS:.0f} s")
        if gone:
            self._judge_doomed()
        if what.action is Action.BLIND and returned:
            self._see_it_stay()

    def _judge_doomed(self) -> None:
        """See that what cannot be without the victim ends with it."""
        if self._doomed and not ended(self._doomed, GONE_SECONDS):
            left = [name_of(each) for each in self._doomed if is_alive(each)]
            name = self._round.victim.value
            self._broken.append(f"{', '.join(left)} outlived the {name} by more than {GONE_SECONDS:.0f} s")
        self._doomed = []

    def _see_it_stay(self) -> None:
        """See that a work is done without inotify, and that nothing ends and comes back for ever meanwhile."""
        before = self._arena.parts()
        if not self._work_returned(True):
            self._broken.append(f"{self._round.work.value} was not done without inotify within {BACK_SECONDS:.0f} s")
        after = self._arena.parts()
        for part in {*before, *after}:
            if before.get(part) != after.get(part):
                self._broken.append(f"{part} did not stay without inotify")

    def _returned(self, gone: bool) -> str:
        """Wait until the victim is back; return how it came, or nothing."""
        victim = self._round.victim
        if victim in OF_THE_DESKTOP:
            return self._desktop_returned(gone)
        if victim is Victim.KERNEL:
            return self._kernel_returned(gone)
        if victim is Victim.STARTER:
            return self._started()
        if victim is Victim.FILE:
            return self._file_returned()
        if victim is Victim.PORTER:
            return self._porter_returned(gone)
        if victim is Victim.WAY_OUT:
            return self._way_out_returned(gone)
        if victim is Victim.SERVER:
            return self._server_returned(gone)
        if victim is Victim.VIEW:
            return self._view_returned(gone)
        return self._work_returned(gone)

    def _desktop_returned(self, gone: bool) -> str:
        arena, victim = self._arena, self._round.victim
        if arena.wait_until_whole(BACK_SECONDS, or_=self._gave_up):
            how = BY_ITSELF if gone else UNHARMED
        else:
            how = WHEN_ASKED
            self._gave_up()
            if not self.outcome.given_up:
                self._broken.append(f"{victim.value} did not come back by itself, and nothing says why")
            # As the page's button does, or the next live task.
            arena.start_desktop()
        assert arena.view is not None
        renewed = arena.parts().get(verdicts.X_SERVER) != self._before.get(verdicts.X_SERVER)
        # A new X server may have been there, and been looked at, before who started it was hit.
        if not arena.view.wait_until_connected(GONE_SECONDS, self._began_at if renewed else 0):
            self._broken.append(f"the view did not come back: {arena.view.lines[-2:]}")
        return how

    def _started(self) -> str:
        """See that the desktop is there as soon as somebody asks for it, whatever has become of its start."""
        self._arena.ask_for_desktop()
        return self._desktop_returned(True) and WHEN_ASKED

    def _file_returned(self) -> str:
        """See that the file is there again, and the desktop whole."""
        file, deadline = self._arena.root / DESKTOP / self._round.file, time.monotonic() + BACK_SECONDS
        # Nobody but its folder's watchers is told, of whom there may be none left.
        while not file.exists():
            if time.monotonic() > deadline:
                return ""
            threading.Event().wait(0.02)
        return self._desktop_returned(False) and BY_ITSELF

    def _gave_up(self) -> bool:
        """Tell whether the desktop has ended with words about why, and nobody is to bring it back by himself."""
        if not self.outcome.given_up and self._arena.record() is None:
            with suppress(OSError):
                self.outcome.given_up = self._arena.last_words()
        return bool(self.outcome.given_up)

    def _kernel_returned(self, gone: bool) -> str:
        kernel = self._arena.kernels[0]
        if not kernel.answers(BACK_SECONDS):
            return ""
        return BY_ITSELF if gone else UNHARMED

    def _porter_returned(self, gone: bool) -> str:
        """See that the kernel goes on without it, and that there is another one."""
        arena = self._arena
        if arena.parts().get(verdicts.KERNEL) != self._before.get(verdicts.KERNEL):
            self._broken.append("the kernel did not outlive its porter")
        deadline = time.monotonic() + BACK_SECONDS
        # As for the way out.
        while not arena.porter() and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        if not arena.porter() or not arena.kernels[0].answers(BACK_SECONDS):
            return ""
        return BY_ITSELF if gone else UNHARMED

    def _way_out_returned(self, gone: bool) -> str:
        deadline = time.monotonic() + BACK_SECONDS
        # A process's birth is no event that anybody but its parent could wait for.
        while not self._arena.way_out():
            if time.monotonic() > deadline:
                return ""
            threading.Event().wait(0.02)
        return BY_ITSELF if gone else UNHARMED

    def _server_returned(self, gone: bool) -> str:
        arena = self._arena
        if gone:
            # The daemon has the server's standard error, which is read to its end.
            self._judge_doomed()
            self._end_daemon()
            # Whoever started it starts it again.
            arena.start_server()
        try:
            found = arena.server.ask("casa-desktop/api/desktops")["desktops"]
        except OSError as error:
            self._broken.append(f"the server does not answer: {error}")
            return ""
        if [each["name"] for each in found] != [DESKTOP]:
            self._broken.append(f"the server knows of the desktops {found}")
        assert arena.view is not None
        if not arena.view.wait_until_connected(GONE_SECONDS, self._hit_at if gone else 0):
            self._broken.append(f"the view did not come back: {arena.view.lines[-2:]}")
        return WHEN_ASKED if gone else UNHARMED

    def _view_returned(self, gone: bool) -> str:
        arena = self._arena
        if gone:
            arena.start_view()
        assert arena.view is not None
        found = arena.view.wait_until_connected(GONE_SECONDS)
        return (WHEN_ASKED if gone else UNHARMED) if found else ""

    def _work_returned(self, gone: bool) -> str:
        """Do the work once more: a tool is started by whoever needs it, and a disk has room again."""
        if self.outcome.ended == RESULT and gone and self._round.work in (Work.IMVIEW, Work.PLOTMS):
            # It came back for the call itself.
            return BY_ITSELF
        work = self._round.work
        # The images of a lost tclean must not stay locked.
        again = Work.CLEAN if work in (Work.INTERACTIVE, Work.SCREENSHOT) else work
        kernel, code = self._arena.kernels[0], works.cell(again, str(self._round.number))
        cell = kernel.run(code)
        if cell.wait_until_over(BACK_SECONDS) and cell.reply and cell.reply["status"] == "aborted":
            # It was asked a moment before the work before it failed, which takes along what waits.
            cell = kernel.run(code)
        if not cell.wait_until_over(BACK_SECONDS) or not cell.reply:
            return ""
        if cell.reply["status"] != "ok":
            self._broken.append(
                f"the next {again.value} failed: {cell.reply['ename']}: {cell.reply['evalue'][:200]} {cell.text[-300:]}"
            )
        return WHEN_ASKED if gone else UNHARMED

    # All others

    def _may_be_torn(self) -> bool:
        """Tell whether a kernel may have died of the deed: one whose tclean met a full disk was seen to.

        Jupyter says so and starts it again.
        """
        return self._round.victim is Victim.DISK and not self._round.in_runtime

    def _judge_bystander(self, cell: Cell) -> None:
        victim, work = self._round.victim, self._round.bystander.value
        if not cell.wait_until_over(END_SECONDS):
            self._broken.append(f"{work} in the other notebook did not end")
        elif cell.reply is None:
            if victim is not Victim.SERVER and not self._may_be_torn():
                self._broken.append(f"{work} in the other notebook was lost: {cell.lost}")
        elif cell.reply["status"] != "ok":
            name, words = cell.reply["ename"], cell.reply["evalue"]
            if victim is not Victim.DISK or not verdicts.is_clear(name, words):
                self._broken.append(f"{work} in the other notebook failed: {name}: {words[:200]} {cell.text[-300:]}")

    def _judge_others(self) -> None:
        after = self._arena.parts()
        # The desktop of a starter was stopped, also where the starter has done its work.
        fallen = not all(map(is_alive, self._victims)) or self._round.victim is Victim.STARTER
        excused: Set[str] = set(verdicts.FALLS_WITH.get(self._round.victim, ())) if fallen else set()
        if self._may_be_torn():
            excused |= {verdicts.KERNEL, verdicts.OTHER_KERNEL}
        if self.outcome.given_up:
            excused.update(verdicts.FALLS_WITH[Victim.SUPERVISOR])
        for part, identity in self._before.items():
            if part not in excused and after.get(part) != identity:
                self._broken.append(f"{part} was process {identity[0]} and is {after.get(part, ('gone',))[0]}")

    def _judge_data(self) -> None:
        now = digest(self._arena.data.path)
        changed = {name for name in {*now, *self._arena.digest} if now.get(name) != self._arena.digest.get(name)}
        if changed:
            self._broken.append(f"the data has changed: {', '.join(sorted(changed))}")


def _screenshot(arena: Arena) -> Cell:
    """Ask the server for a picture of the desktop, in a thread; return what stands for a cell."""
    cell = Cell()
    request = Request(f"{arena.server.url}casa-desktop/api/desktops/{DESKTOP}/screenshot.png")
    request.add_header("Authorization", f"token {arena.server.token}")

    def ask() -> None:
        try:
            with urlopen(request, timeout=END_SECONDS) as answer:
                picture = answer.read().startswith(b"\x89PNG")
            _reply(cell, {"status": "ok"} if picture else {"status": "error", "ename": "", "evalue": "no picture"})
        except HTTPError as error:
            _reply(cell, {"status": "error", **_told(error)})
        except OSError as error:
            cell.lose(f"{type(error).__name__}: {error}")

    threading.Thread(target=ask, daemon=True).start()
    return cell


def _told(error: HTTPError) -> Dict[str, str]:
    """Return what the REST interface says of an error: its name and its sentence."""
    try:
        told = json.loads(error.read())
        return {"ename": str(told.get("error", "")), "evalue": str(told.get("message", ""))}
    except ValueError:
        return {"ename": "", "evalue": f"{error.code} {error.reason}"}


def _reply(cell: Cell, content: Dict[str, str]) -> None:
    cell.take({"msg_type": "execute_reply", "content": content})
    cell.take({"msg_type": "status", "content": {"execution_state": "idle"}})
