"""A kernel that is started from another desktop, in a German locale, behind a proxy, where /tmp may run nothing."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

import pytest
from casa_kernel.casa import numeric_locale, proxies

from casa_desktop.desktop import lifecycle, registry

from ..support.mask_editor import MaskEditor
from ..support.notebook import Cell, Notebook
from ..support.screen import Screen, XHand
from ..support.shortage import small_disk

# In what they draw or count stand numbers with a point.
DRAWN = [
    "plotms('sim.ms', xaxis='uvdist', uvrange='10.5~40.5klambda')",
    "plotms('sim.ms', averagedata=True, avgtime='60.5', xaxis='uvdist', plotrange=[10.5, 100.5, 0.1, 0.75])",
    "viewer('dirty.image', zoom=2)",
    "imview(raster={'file': 'dirty.image', 'scaling': -1.5, 'range': [-0.1, 0.65]}, "
    "contour={'file': 'dirty.image', 'levels': [0.2, 0.5], 'unit': 1.0, 'base': 0.0})",
]
COUNTED = [
    "ms.open('sim.ms'); ms.msselect({'uvdist': '10.5~40.5klambda'}); print(ms.nrow(True)); ms.close()",
    "tb.open('sim.ms'); q = tb.query('UVW[1] > 10.5'); print(q.nrows()); q.close(); tb.close()",
    "print(imstat('dirty.image', region='circle[[64.5pix, 64.5pix], 10.5pix]')['npts'])",
    "print(imstat('dirty.image', mask='\"dirty.image\" > 0.25')['npts'])",
    "print(flagdata('sim.ms', mode='list', inpfile=[\"uvrange='10.5~40.5klambda'\", \"clipminmax=[0.0,0.55] "
    "mode='clip'\"], action='calculate', flagbackup=False))",
]
CLEAN = (
    "tclean('sim.ms', imagename={name!r}, imsize=128, cell='0.45arcsec', niter=100, gain=0.15, threshold='150.5mJy', "
    "{more})"
)
# What GNOME, Conda and module systems set; each of the first five changed a picture or ended a tool.
OF_OTHERS = {
    "QT_QPA_PLATFORMTHEME": "gtk3",
    "QT_SCALE_FACTOR": "1.5",
    "XDG_CURRENT_DESKTOP": "GNOME",
    "FONTCONFIG_FILE": "/nonexistent",
    "PERL5OPT": "-MNoSuchModule",
    "QT_STYLE_OVERRIDE": "windows",
    "QT_IM_MODULE": "ibus",
    "XMODIFIERS": "@im=ibus",
    "WAYLAND_DISPLAY": "wayland-0",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
    "LC_ALL": "de_DE.UTF-8",
}
# casaviewer's window has two looks: Qt leaves one dot or four on the handle between its docks, as it comes, and they
# stay. So many windows of each kernel have all looks between them.
OPENINGS = 12
pytestmark = pytest.mark.skipif(
    not Path("/usr/share/i18n/locales/de_DE").exists(), reason="Debian's package locales is not installed"
)


class Proxy(ThreadingHTTPServer):
    """A proxy that answers every request by itself.

    Attributes:
        requests: the first line of each.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: List[str] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.requestline)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"by the proxy")

            def do_CONNECT(self) -> None:
                requests.append(self.requestline)
                self.send_error(403)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def german(place: Path) -> Dict[str, str]:
    """The variables of a German locale, which need not be installed."""
    folder = place / "locales"
    folder.mkdir()
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"], check=True)
    return {"LOCPATH": str(folder)}


@pytest.fixture(scope="module")
def elsewhere(
    observation: Path, kernel_environment: Dict[str, str], german: Dict[str, str], proxy: Proxy
) -> Iterator[Notebook]:
    """A kernel with all that others set."""
    through = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), proxy.address)
    # The proxy is one of this machine's loopback.
    own = {"no_proxy": "localhost,127.0.0.1", "CASA_DESKTOP_NETWORK": "host"}
    with Notebook(observation, {**kernel_environment, **german, **OF_OTHERS, **through, **own}) as kernel:
        yield kernel


def pictures(cell: Cell) -> List[str]:
    assert cell.error is None, cell.error
    found = [data["image/png"] for data in cell.displayed if "image/png" in data]
    assert found
    return [hashlib.sha256(each.encode()).hexdigest() for each in found]


@pytest.mark.parametrize("code", DRAWN)
def test_the_same_is_drawn_as_without_the_settings_of_others(
    notebook: Notebook, elsewhere: Notebook, code: str
) -> None:
    assert pictures(elsewhere.run(code)) == pictures(notebook.run(code))


def test_windows_look_the_same_as_without_the_settings_of_others(
    notebook: Notebook, elsewhere: Notebook, record: Callable[[], Dict[str, str]]
) -> None:
    here, there = set(), set()
    for _ in range(OPENINGS):
        here.update(pictures(notebook.run("imview('dirty.image', gui=True)")))
        there.update(pictures(elsewhere.run("imview('dirty.image', gui=True)")))
        if here & there:
            break
    assert here & there


@pytest.mark.parametrize("asked", ["", "import locale; locale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')"])
def test_numbers_in_calls_are_read_with_points_whatever_the_locale_is(
    notebook: Notebook, elsewhere: Notebook, asked: str
) -> None:
    said = elsewhere.run(asked)
    assert said.error is None
    assert ("CASA reads numbers by the same setting" in said.text) == bool(asked)
    for code in COUNTED:
        counted = [each.run(code) for each in (elsewhere, notebook)]
        assert counted[0].text.splitlines()[-1:] == counted[1].text.splitlines()[-1:] != [], code
        assert counted[0].error is None, code
    ends = [
        each.run(
            "import glob, shutil\n" + CLEAN.format(name=name, more="calcres=True") + f"\n"
            f"print(imstat('{name}.residual')['rms'], imstat('{name}.model')['sum'])\n"
            f"for each in glob.glob('{name}.*'): shutil.rmtree(each)"
        )
        for name, each in (("de", elsewhere), ("c", notebook))
    ]
    assert ends[0].text.splitlines()[-1] == ends[1].text.splitlines()[-1]


def test_python_s_module_locale_knows_the_comma_that_it_was_asked_for(elsewhere: Notebook) -> None:
    elsewhere.run("import locale; locale.setlocale(locale.LC_NUMERIC, 'de_DE.UTF-8')")
    said = elsewhere.run("print(locale.atof('1.500,5'), locale.format_string('%.1f', 1.5), float('1.5'))")
    assert said.text == "1500.5 1,5 1.5\n"
    elsewhere.run("import os; locale.setlocale(locale.LC_ALL, '')")
    assert elsewhere.run("print(locale.localeconv()['decimal_point'])").text == ".\n"
    # All else is the user's.
    assert elsewhere.run("print(locale.setlocale(locale.LC_TIME), os.environ['LC_MESSAGES'])").text == (
        "de_DE.UTF-8 de_DE.UTF-8\n"
    )


def test_what_the_user_fetches_goes_through_the_proxy_and_nothing_of_ours(elsewhere: Notebook, proxy: Proxy) -> None:
    proxy.requests.clear()
    fetched = elsewhere.run("import urllib.request\nprint(urllib.request.urlopen('http://casa.example/').read())")
    assert fetched.text == "b'by the proxy'\n"
    elsewhere.run("import os; os.environ['no_proxy'] = 'localhost'\n%casa_tools end")
    pictures(elsewhere.run("imview('dirty.image')"))
    pictures(elsewhere.run("plotms('sim.ms')"))
    assert proxy.requests == ["GET http://casa.example/ HTTP/1.1"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"no_proxy": "0.0.0.0"}),
        ({"NO_PROXY": "a.example"}, {"NO_PROXY": "a.example", "no_proxy": "a.example,0.0.0.0"}),
        ({"no_proxy": "a, 0.0.0.0"}, {"no_proxy": "a, 0.0.0.0"}),
        ({"no_grpc_proxy": "b"}, {"no_grpc_proxy": "b,0.0.0.0", "no_proxy": "0.0.0.0"}),
        ({"no_proxy": "*", "http_proxy": "x", "HTTP_PROXY": "x"}, {"no_proxy": "*", "HTTP_PROXY": "x"}),
    ],
)
def test_what_goes_without_a_proxy_stays_so_and_the_tools_with_it(
    before: Dict[str, str], after: Dict[str, str]
) -> None:
    proxies.spare_tools(before)
    assert before == after


def test_all_but_the_numbers_of_a_locale_stays_the_user_s() -> None:
    split = numeric_locale.with_points({"LC_ALL": "sv_SE.UTF-8", "LANG": "C", "LC_TIME": "C"})
    assert "LC_ALL" not in split
    assert (split["LC_NUMERIC"], split["LC_CTYPE"], split["LC_TIME"], split["LANG"]) == (
        "C",
        "sv_SE.UTF-8",
        "sv_SE.UTF-8",
        "C",
    )
    assert numeric_locale.with_points({"LANG": "de_DE", "LC_ALL": ""}) == {"LANG": "de_DE", "LC_NUMERIC": "C"}


@pytest.fixture
def hardened(
    observation: Path,
    place: Path,
    kernel_environment: Dict[str, str],
    german: Dict[str, str],
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Tuple[Notebook, Callable[[], Dict[str, str]]]]:
    """A kernel like ``elsewhere``, on a runtime directory where nothing may be run, and its desktop."""
    with small_disk(place / "no programs", 16, "noexec") as disk:
        own = {"CASA_DESKTOP_RUNTIME_DIR": str(disk.path), "CASA_DESKTOP_NETWORK": "host", "http_proxy": proxy.address}
        monkeypatch.setenv("CASA_DESKTOP_RUNTIME_DIR", str(disk.path))

        def find() -> Dict[str, str]:
            found = registry.find("main")
            assert found is not None
            return {"display": found.display, "xauthority": found.xauthority}

        with Notebook(observation, {**kernel_environment, **german, **OF_OTHERS, **own}) as kernel:
            yield kernel, find
        lifecycle.stop("main")


def test_the_mask_editor_and_the_flag_display_open_where_the_runtime_directory_may_run_nothing(
    notebook: Notebook, hardened: Tuple[Notebook, Callable[[], Dict[str, str]]], proxy: Proxy
) -> None:
    kernel, find = hardened
    proxy.requests.clear()

    def draw() -> None:
        with Screen(find()) as screen:
            editor = MaskEditor.wait_for(screen, XHand(screen))
            editor.draw((0.4, 0.4), (0.6, 0.6))
            editor.go_on()

    cell = kernel.run(
        "done = " + CLEAN.format(name="hardened", more="interactive=True") + "\nprint(done['iterdone'], "
        "imstat('hardened.residual')['rms'])",
        meanwhile=draw,
    )
    assert cell.error is None
    again = CLEAN.format(name="again", more="interactive=True, hand='hardened.hand'")
    replayed = kernel.run(f"done = {again}\nprint(done['iterdone'], imstat('again.residual')['rms'])")
    assert replayed.error is None
    assert replayed.text.splitlines()[-1] == cell.text.splitlines()[-1]
    # The threshold goes through the editor as text, and is read there and again by CASA.
    same = notebook.run(
        "import glob, shutil\ndone = " + CLEAN.format(name="same", more="mask='hardened.mask'") + "\n"
        "print(done['iterdone'], imstat('same.residual')['rms'])\n"
        "for name in ('same', 'again', 'hardened'):\n"
        "    for each in glob.glob(f'{name}.*'): shutil.rmtree(each)"
    )
    assert cell.text.splitlines()[-1] == same.text.splitlines()[-1]

    def interrupt() -> None:
        with Screen(find()) as screen:
            screen.wait_for_window("casaplotserver")
            kernel.manager.interrupt_kernel()

    shown = kernel.run("flagdata('sim.ms', mode='manual', display='data', action='calculate')", meanwhile=interrupt)
    assert shown.error is not None
    assert shown.error["ename"] == "KeyboardInterrupt"
    assert proxy.requests == []
