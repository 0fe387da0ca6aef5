"""A browser runs in this folder's process, too."""

# Where pytest-jupyter was loaded before, its fixtures would close the loop that Playwright runs here.
from ..system.conftest import jp_asyncio_loop, jp_server_cleanup

__all__ = ["jp_asyncio_loop", "jp_server_cleanup"]
