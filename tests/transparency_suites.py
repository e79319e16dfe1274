#!/usr/bin/python3
"""Upstream's own tests give the same results, case by case, with the library as without.

    transparency_suites.py short|long [SUITE [MODULE...]]

Each module of a suite is run bare, with the library preloaded, and under `leftopen run`, in a folder, HOME and TMPDIR of
its own, bounded in time, reports to files. A case whose outcome differs is tried again, both ways: what also varies
without the library is called unsteady, anything else is a difference, and fails. What fails alike is named.

Python's tests are a Debian package. Those of bash and perl come with the sources, fetched by apt-get from the mirror that
the system has its packages from, and kept in build/suites.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
RERUNS = 3
WORKERS = os.cpu_count() or 1
END = "(end)"  # stands among the cases of a module for how its process ended
SHOWN = 20

# A way to run: what comes before the command, what is added to the environment, and a line that it adds to the end of what
# the command says. {0} is a folder for reports.
Way = collections.namedtuple("Way", "name wrapper environment line", defaults=[None])
BARE = Way("bare", [], {})
WATCHED = [
    Way("preloaded", [], {"LD_PRELOAD": f"{BUILD}/libleftopen.so",
                          "LEFTOPEN_OPTIONS": "record={0}/records:report={0}/report.%p"}),
    Way("leftopen run", [f"{BUILD}/leftopen", "run", "--exitcode=0", "--report={0}/report.%p", "--"], {},
        r"leftopen: \d+ programs? of the tree ran unwatched: .*\n\Z"),
]


class Missing(Exception):
    """A suite cannot be had here; says why."""


def is_skip(outcome):
    return outcome.startswith("skipped")


def is_good(outcome):
    return outcome in ("passed", "status 0") or outcome.startswith("expected") or is_skip(outcome)


def mask(text):
    """Without numbers, which may be of processes, addresses, and the temporary names of perl's tests."""
    return re.sub(r"0x[0-9a-f]+|\d+|\btmp_[A-Z_]+", "#", text)


def execute(command, way, folder, limit, tree=None, **environment):
    """Runs a command in a session of its own, whose leader is a shell: whether it leads a session itself, a program sees.
    Returns how it ended and what it wrote to both its outputs."""
    for name in "home", "tmp", "reports":
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    (folder / "reports/records").mkdir(mode=0o700)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                   "HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp"} | environment
    environment |= {name: value.format(f"{folder}/reports") for name, value in way.environment.items()}
    wrapper = [word.format(f"{folder}/reports") for word in way.wrapper]
    with open(folder / "output", "w+b") as output:  # not a pipe: whoever keeps it open would keep us waiting
        process = subprocess.Popen(["/bin/sh", "-c", '"$@"; exit $?', "sh", *wrapper, *command], cwd=tree or folder / "tmp", env=environment, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output, start_new_session=True)
        try:
            end = f"status {process.wait(limit)}"
        except subprocess.TimeoutExpired:
            end = f"not done in {limit} s"
        try:  # what the tests left running, too
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        output.seek(0)
        said = output.read().decode(errors="replace")
        return end, re.sub(way.line, "", said) if way.line else said


def upstream_source(package, members):
    """Unpacks members of a Debian source package into build/suites/PACKAGE, and returns that folder."""
    folder = BUILD / "suites" / package
    if folder.exists():
        return folder
    release = dict(line.split("=", 1) for line in open("/etc/os-release") if "=" in line)
    codename = release.get("VERSION_CODENAME", "").strip().strip('"')
    indexes = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(COMPONENT) $(REPO_URI)",
                              "Created-By: Packages"], capture_output=True, text=True).stdout
    mirrors = [line.split()[3] for line in indexes.splitlines() if line.startswith(f"Debian {codename} main ")]
    if not mirrors:
        raise Missing(f"apt-get knows no mirror of Debian {codename}")
    with tempfile.TemporaryDirectory(prefix="leftopen-source-") as scratch:
        os.makedirs(f"{scratch}/lists/partial")
        os.makedirs(f"{scratch}/cache/archives/partial")
        pathlib.Path(scratch, "sources.list").write_text(f"deb-src {mirrors[0]} {codename} main\n")
        apt = ["apt-get", "-q", "-o", f"Dir::Etc::sourcelist={scratch}/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
               "-o", f"Dir::State::lists={scratch}/lists", "-o", f"Dir::Cache={scratch}/cache",
               "-o", "APT::Sandbox::User=root"]
        for arguments in ["update"], ["source", "--download-only", package]:
            done = subprocess.run(apt + arguments, cwd=scratch, capture_output=True, text=True, timeout=300)
            if done.returncode:
                raise Missing(f"apt-get {' '.join(arguments)}: {done.stderr.strip() or 'failed'}")
        unpacked = BUILD / "suites" / f"{package}.new"
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir(parents=True)
        [archive] = pathlib.Path(scratch).glob("*.orig.tar.*")
        subprocess.run(["tar", "-xf", archive, "-C", unpacked, "--strip-components=1", "--no-same-owner", "--wildcards",
                        *[f"*/{member}" for member in members]], check=True)
        unpacked.rename(folder)
    return folder


class Python:
    name = "python"
    interpreter = "/usr/bin/python3"
    limit = 240  # seconds for one run of a module
    excluded = [("test_socket", "*VSOCK*", "blocks where the kernel has vsock and no host answers, also without the library")]
    # the short form: modules, and patterns of cases where all would take too long
    short = {name: [] for name in """test_os test_posix test_fileio test_file test_tempfile test_mmap test_select test_epoll
        test_pty test_openpty test_shutil test_fcntl test_popen test_pipes test_asyncore test_httpservers""".split()} | {
            "test_subprocess": ["*.POSIXProcessTestCase.*"],
            "test_socket": ["*.GeneralModuleTests.*", "*SCMRights*", "*SocketPair*", "*UnixTests.*", "*BasicTCPTest.*"],
            "test_multiprocessing_fork": ["*.TestCloseFds.*", "*.WithProcessesTestConnection.*", "*TestListener.*",
                                          "*SharedMemory.*", "*.TestSimpleQueue.*", "*.WithProcessesTestSemaphore.*"],
            "test_io": ["*MiscIOTest.*"],
            "test_threading": ["*.ThreadJoinOnShutdown.*", "*.AtexitTests.*"],
        }
    long = [*short, *"""test_asynchat test_asyncio test_atexit test_bz2 test_cmd_line test_concurrent_futures test_ctypes
        test_dbm_dumb test_dbm_ndbm test_eintr test_exceptions test_faulthandler test_fork1 test_ftplib test_glob test_gzip
        test_largefile test_logging test_lzma test_mailbox test_multiprocessing_forkserver test_multiprocessing_main_handling
        test_multiprocessing_spawn test_pathlib test_poll test_posixpath test_selectors test_shelve test_signal test_site
        test_ssl test_sys test_tarfile test_thread test_threadsignals test_wait3 test_wait4 test_zipfile""".split()]

    def __init__(self, form):
        self.form = form

    def prepare(self):
        if subprocess.run([self.interpreter, "-c", "import test.libregrtest, test.test_os"], capture_output=True).returncode:
            raise Missing(f"{self.interpreter} has no tests: apt-get install libpython3.11-testsuite")
        for module, pattern, reason in self.excluded:
            print(f"excluded: python {module} {pattern}: {reason}")

    def modules(self):
        return list(self.short) if self.form == "short" else self.long

    def prepare_worker(self, folder):
        pass

    def run(self, module, way, folder):
        results = folder / "results.xml"
        results.unlink(missing_ok=True)
        patterns = [word for name, pattern, _ in self.excluded if name == module for word in ("--ignore", pattern)]
        if self.form == "short":
            patterns += [word for pattern in self.short.get(module, []) for word in ("--match", pattern)]
        end, _ = execute([self.interpreter, "-m", "test", "--fail-env-changed", f"--timeout={self.limit - 40}",
                          f"--junit-xml={results}", *patterns, module], way, folder, self.limit)
        outcomes = {END: end}
        if results.exists():
            for case in xml.etree.ElementTree.parse(results).iter("testcase"):
                # a case without a name has a failed part: it is missed under its own
                outcomes[case.get("name", "(a case with a failed part)")] = self.outcome(case)
        return outcomes

    @staticmethod
    def outcome(case):
        skipped = case.find("skipped")
        if skipped is not None:
            return f"skipped: {mask(skipped.text or '')}"
        if case.get("name") is None or case.find("outcome") is not None:
            return "failed"
        if case.find("output") is not None:
            return "expected failure"
        for kind in "error", "failure":
            if case.find(kind) is not None:
                return f"{kind}: {case.find(kind).get('type')}"
        return "passed"


class Bash:
    name = "bash"
    limit = 150  # run-jobs sleeps for a minute
    helpers = "recho zecho printenv xcase".split()
    not_tests = "run-all run-minimal run-gprof".split()

    def prepare(self):
        self.source = upstream_source("bash", ["tests", "support/*.c", "include/*.h", "bashansi.h"])
        for helper in self.helpers:
            subprocess.run(["cc", "-w", "-include", "string.h", "-include", "stdlib.h", "-DHAVE_UNISTD_H", "-I.", "-Iinclude",
                            f"support/{helper}.c", "-o", f"tests/{helper}"], cwd=self.source, check=True)

    def modules(self):
        return sorted(path.name for path in (self.source / "tests").glob("run-*") if path.name not in self.not_tests)

    def prepare_worker(self, folder):
        shutil.copytree(self.source / "tests", folder / "tree", symlinks=True)

    def run(self, module, way, folder):
        end, output = execute(["/bin/sh", f"./{module}"], way, folder, self.limit, tree=folder / "tree",
                              PATH=f"{folder}/tree:/usr/bin:/bin", THIS_SH="/bin/bash", BUILD_DIR=str(folder),
                              BASH_TSTOUT=f"{folder}/tmp/output")
        # a script prints what differs from what is expected
        said = [mask(line) for line in output.splitlines() if not line.startswith("warning: ")]
        return {END: end, module: "\n".join(["failed:", *said]) if said else "passed"}


class Perl:
    name = "perl"
    limit = 100
    folders = "base cmd comp io op run".split()

    def prepare(self):
        self.source = upstream_source("perl", ["t"])
        self.libraries = subprocess.run(["/usr/bin/perl", "-MConfig", "-e", 'print "$Config{privlib}\n$Config{archlib}\n"'],
                                        capture_output=True, text=True, check=True).stdout.split()
        base = pathlib.Path(self.libraries[1]).parents[1] / "perl-base"
        if base.exists():
            self.libraries.append(str(base))

    def modules(self):
        return [f"{name}/{path.name}" for name in self.folders for path in sorted((self.source / "t" / name).glob("*.t"))]

    def prepare_worker(self, folder):
        """The tests want to lie beside a folder that has all libraries."""
        shutil.copytree(self.source / "t", folder / "t", symlinks=True)
        (folder / "t/perl").symlink_to("/usr/bin/perl")
        (folder / "perl").symlink_to("/usr/bin/perl")
        for library in self.libraries:
            subprocess.run(["cp", "-rs", "--no-clobber", f"{library}/.", folder / "lib"], capture_output=True)

    def run(self, module, way, folder):
        end, output = execute(["./perl", module], way, folder, self.limit, tree=folder / "t",
                              PERL_HASH_SEED="0", PERL_PERTURB_KEYS="0")
        outcomes = {END: end}
        for line in output.splitlines():
            match = re.match(r"(not )?ok\b *(\d*)(.*)", line)
            if match:
                outcomes[match[2] or str(len(outcomes))] = self.outcome(bool(match[1]), match[3])
        return outcomes

    @staticmethod
    def outcome(failed, text):
        directive = re.search(r"(?i)# *(skip|todo)\b(.*)", text)
        if directive and directive[1].lower() == "skip":
            return f"skipped: {mask(directive[2]).strip()}"
        if directive and failed:
            return "expected failure"
        return f"failed: {mask(text).strip(' -')}" if failed else "passed"


class Tally:
    """Prints what came out of each module, and counts cases."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.reasons = collections.Counter()
        self.lock = threading.Lock()

    def missing(self, suite, reason):
        self.skipped += 1
        print(f"skipped: {suite.name}: {reason}", flush=True)

    def module(self, title, bare, seconds, different, unsteady):
        with self.lock:
            cases = [case for case in bare if case != END]
            skips = [bare[case] for case in cases if is_skip(bare[case]) and case not in different]
            self.reasons.update(skips)
            self.skipped += len(skips)
            self.failed += len(different)
            self.passed += len([case for case in cases if case not in different]) - len(skips)
            print(f"{'FAILED' if different else 'ok'}: {title}: {len(cases)} cases, {len(skips)} skipped by themselves, "
                  f"{len(different)} different ({seconds})")
            self.some([f"different: {case}: {was}" for case, was in different.items()])
            self.some([f"unsteady: {case}: {was}" for case, was in unsteady.items()])
            self.some([f"fails alike: {case}: {brief(bare[case])}" for case in bare
                       if not is_good(bare[case]) and case not in different and case not in unsteady])
            sys.stdout.flush()

    @staticmethod
    def some(lines):
        for line in lines[:SHOWN]:
            print(f"    {line}")
        if len(lines) > SHOWN:
            print(f"    ... and {len(lines) - SHOWN} more")

    def end(self):
        print("most of what the suites skip by themselves:" if self.reasons else "the suites skip nothing by themselves")
        for reason, count in self.reasons.most_common(SHOWN):
            print(f"    {count} {' '.join(reason.split())}")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or not self.passed else 0


def brief(outcome):
    if outcome is None:
        return "not there"
    lines = outcome.splitlines()
    return outcome if len(lines) <= 1 else " | ".join(lines[:4]) + (f" ... ({len(lines)} lines)" if len(lines) > 4 else "")


def judge(suspects, bare, watched):
    """Tells what differs from what is unsteady; bare and watched: the outcomes of all runs, oldest first."""
    different, unsteady = {}, {}
    for case in suspects:
        usual = {run.get(case) for run in bare}
        told = (f"bare {', '.join(brief(run.get(case)) for run in bare)}; "
                f"with the library {', '.join(brief(run.get(case)) for run in watched)}")
        steady = all(run.get(case) in usual for run in watched[1:])
        (unsteady if steady else different)[case] = told
    return different, unsteady


def compare(suite, module, folder, tally):
    seconds, different, unsteady = [], {}, {}

    def run(way):
        start = time.monotonic()
        outcomes = suite.run(module, way, folder)
        seconds.append(time.monotonic() - start)
        return outcomes

    bare = [run(BARE)]
    for way in WATCHED:
        watched = [run(way)]
        suspects = [case for case in bare[0] | watched[0] if bare[0].get(case) != watched[0].get(case)]
        if not suspects:
            continue
        for _ in range(RERUNS):
            bare.append(run(BARE))
            watched.append(run(way))
        if judge(suspects, bare, watched)[0]:  # bare, what fails now and then needs chances enough to do so
            bare += [run(BARE) for _ in range(2 * RERUNS)]
        for verdict, found in zip((different, unsteady), judge(suspects, bare, watched)):
            verdict.update({case: f"{told} ({way.name})" for case, told in found.items()})
    tally.module(f"{suite.name} {module}", bare[0], ", ".join(f"{s:.1f} s" for s in seconds), different, unsteady)


def check_ways(work):
    """What is compared is not twice the same: the library is there exactly where it should be."""
    for way in [BARE, *WATCHED]:
        _, maps = execute(["/bin/cat", "/proc/self/maps"], way, work, 20)
        if ("libleftopen.so" in maps) != (way != BARE):
            sys.exit(f"FAILED: {way.name}: the library is {'not ' if way != BARE else ''}loaded\n0 passed, 1 failed")


def run_suite(suite, modules, work, tally):
    local = threading.local()
    folders = iter(range(WORKERS))

    def prepare_worker():
        local.folder = work / f"{suite.name}{next(folders)}"
        local.folder.mkdir()
        suite.prepare_worker(local.folder)

    with concurrent.futures.ThreadPoolExecutor(WORKERS, initializer=prepare_worker) as pool:
        list(pool.map(lambda module: compare(suite, module, local.folder, tally), modules))


def main(form, chosen=None, *modules):
    tally = Tally()
    suites = [Python(form)] if form == "short" else [Python(form), Bash(), Perl()]
    with tempfile.TemporaryDirectory(prefix="leftopen-", ignore_cleanup_errors=True) as scratch:
        work = pathlib.Path(scratch)
        check_ways(work)
        for suite in suites:
            if chosen not in (None, suite.name):
                continue
            try:
                suite.prepare()
            except Missing as missing:
                tally.missing(suite, missing)
                continue
            run_suite(suite, modules or suite.modules(), work, tally)
    return tally.end()


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("short", "long"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
