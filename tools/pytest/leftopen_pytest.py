"""pytest plugin: names each test that leaves descriptors open. The tests stay as they are.

    PYTHONPATH=/usr/local/share/leftopen leftopen pytest -p leftopen_pytest

A look at /proc/self/fd before and after a test finds the new ones at next to no cost; only for these the tool is
asked, which knows from the record of this process what they are and which call opened them. Where the Python
program did it is learned from audit events. Without the tool the descriptors are named all the same.

What a fixture of more than one test opens belongs to the fixture, and a test that ended by an exception keeps
its variables alive for the traceback: neither is told of. What nobody closes until the end is in leftopen's own report.
"""
import gc
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import warnings
import weakref

import pytest

MOST_FRAMES = 6
OF_C = ("stream", "dirstream")  # kinds that Python itself does not use


class LeftOpenWarning(pytest.PytestWarning):
    pass


def descriptors():
    """The open ones: number -> what it refers to, as far as that tells it from another one of the same number."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            state = os.stat(int(name))
            found[int(name)] = (os.readlink("/proc/self/fd/" + name), state.st_dev, state.st_ino)
        except OSError:  # the descriptor of the folder itself
            pass
    return found


def added(before):
    return {number: what for number, what in descriptors().items() if before.get(number) != what}


class Openers:
    """Which line of the program opened what, for the calls that Python audits: files by name, sockets."""

    def __init__(self):
        self.files = {}
        self.sockets = weakref.WeakKeyDictionary()
        self.library = tuple(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib"))
        sys.addaudithook(self.hear)

    def hear(self, event, arguments):
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            self.files[os.path.abspath(os.fsdecode(arguments[0]))] = self.line()
        elif event == "socket.__new__":
            self.sockets[arguments[0]] = self.line()

    def line(self):
        """The nearest that is not of Python's own library; packages of others may be the culprit."""
        frame = sys._getframe(2)
        while frame.f_back and self.is_library(frame.f_code.co_filename):
            frame = frame.f_back
        return "%s:%d in %s" % (os.path.relpath(frame.f_code.co_filename), frame.f_lineno, frame.f_code.co_name)

    def is_library(self, file):
        return file.startswith("<frozen") or file.startswith(self.library) and "-packages" not in file

    def of(self, number, what):
        sockets = {socket.fileno(): line for socket, line in self.sockets.items()}
        return sockets.get(number) or self.files.get(what)


def tool():
    """The command beside the library that is loaded, or where `make install` puts it."""
    for library in os.environ.get("LD_PRELOAD", "").split(":"):
        if os.path.basename(library) == "libleftopen.so":
            folder = os.path.dirname(os.path.realpath(library))
            places = (os.path.join(folder, place) for place in ("", "../bin", "../../bin", "../../../bin"))
            return shutil.which("leftopen", path=os.pathsep.join(places))
    return None


class Plugin:
    def __init__(self, only_warn):
        self.only_warn = only_warn
        self.openers = Openers()
        self.tool = tool()
        self.before = {}
        self.raised = False

    # --- when ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        self.raised = False
        self.openers.files.clear()  # what an earlier test opened by that name was another one
        self.before = descriptors()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        before = descriptors()
        yield
        if fixturedef.scope != "function":
            self.before.update(added(before))

    @pytest.hookimpl
    def pytest_runtest_makereport(self, call):
        self.raised |= call.excinfo is not None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item):
        if self.raised or not added(self.before):
            return
        gc.collect()  # what only waits for the collector is not left open
        handles = self.handles(added(self.before))
        if handles:
            self.tell(item, handles)

    # --- what ---

    def handles(self, new):
        sites = self.sites()
        if sites is None:
            return [self.plain_lines(number, new[number]) for number in sorted(new)]
        return [
            self.handle_lines(site, handle)
            for site in sites
            for handle in site["handles"]
            if handle["fd"] in new
        ]

    def sites(self):
        """What this process holds, by its record; None where nobody watches it."""
        if not self.tool:
            return None
        answer = subprocess.run(
            [self.tool, "report", "--format=json", "--baseline=", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return json.loads(answer.stdout)["sites"] if answer.returncode == 0 else None

    def plain_lines(self, number, what):
        return ["fd %d  %s" % (number, what[0])] + self.opener_lines(number, what[0])

    def handle_lines(self, site, handle):
        kind, name, what = site["kind"], handle["handle"], handle["what"] or ""
        head = "%s  %s" % (name if name.startswith(kind) else kind + " " + name, what)
        opener = [] if kind in OF_C else self.opener_lines(handle["fd"], what)
        return [head] + (opener or self.frame_lines(site["frames"]))

    def opener_lines(self, number, what):
        line = self.openers.of(number, what)
        return ["    opened at " + line] if line else []

    def frame_lines(self, frames):
        """Those of native code, up to where the interpreter begins."""
        lines = []
        for frame in frames[:MOST_FRAMES]:
            module = os.path.basename(frame["module"] or "?")
            place = "%s:%d" % (frame["file"], frame["line"]) if frame["line"] else module + "+" + frame["offset"]
            lines.append("    #%d %s (%s)" % (len(lines), frame["function"] or "?", place))
            if module.startswith(("python", "libpython")):
                break
        return lines

    # --- how ---

    def tell(self, item, handles):
        count = "1 handle" if len(handles) == 1 else "%d handles" % len(handles)
        text = "\n".join(["leftopen: %s left open by %s" % (count, item.nodeid)] + sum(handles, []))
        if not self.only_warn:
            pytest.fail(text, pytrace=False)
        warnings.warn_explicit(LeftOpenWarning(text), None, str(item.path), item.location[1] + 1)


def pytest_addoption(parser):
    parser.getgroup("leftopen").addoption(
        "--leftopen",
        choices=("fail", "warn"),
        default="fail",
        help="what becomes of a test that leaves handles open (default: fail, as an error at its teardown)",
    )


def pytest_configure(config):
    config.pluginmanager.register(Plugin(config.getoption("leftopen") == "warn"), "leftopen")
