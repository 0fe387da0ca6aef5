"""The running native tools of one kernel, and the private folder in which they work."""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

from .private_folder import PrivateFolder
from .processes import Child


class Children:
    """The tools of one kernel, by tool and mode.

    Attributes:
        private: the kernel's folder.
    """

    def __init__(self) -> None:
        self.private = PrivateFolder()
        self.private.when_restored(self._settle_again)
        self._running: Dict[str, Child] = {}
        self._warm: Set[str] = set()

    def _settle_again(self) -> None:
        """Stop the tools without a window, which worked in the former folder; register the others again."""
        for key, _ in self.warm():
            self.drop(key)
        for _, child in self.running():
            # The new guard must end it too.
            child.register()

    def get(self, key: str) -> Optional[Child]:
        """Return the child kept under ``key`` if it is running.

        Raises:
            RuntimeDirectoryError: as ``PrivateFolder.path``.
        """
        # Makes the folder again if it was removed, which stops the tools that worked in it.
        _ = self.private.path
        child = self._running.get(key) if self.private.is_ours else None
        return child if child is not None and child.alive else None

    def keep(self, key: str, child: Child, *, warm: bool = False) -> None:
        """Keep ``child`` under ``key``, and stop the one kept there before.

        Args:
            warm: it has no window, and is kept only to be used again.
        """
        self.drop(key)
        self._running[key] = child
        if warm:
            self._warm.add(key)

    def running(self) -> List[Tuple[str, Child]]:
        """Return the running tools, with their keys."""
        running = self._running.items() if self.private.is_ours else ()
        return [(key, child) for key, child in running if child.alive]

    def warm(self) -> List[Tuple[str, Child]]:
        """Return the running tools that have no window."""
        return [(key, child) for key, child in self.running() if key in self._warm]

    def drop(self, key: str) -> None:
        """Stop the child kept under ``key``, if there is one."""
        if not self.private.is_ours:
            return
        self._warm.discard(key)
        child = self._running.pop(key, None)
        if child is not None:
            child.stop()

    def close(self) -> None:
        """Stop all tools and remove the private folder. Safe to call twice, and in a forked process."""
        for key in list(self._running):
            self.drop(key)
        self.private.close()
