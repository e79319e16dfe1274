"""Tests for the plugin: the name of each says whether it is to be named."""
import ctypes
import os
import pathlib
import socket
import subprocess
import unittest

import pytest

kept = []
libc = ctypes.CDLL(None)


def test_leaks_file():
    kept.append(open("/etc/hosts"))


def test_leaks_socket():
    kept.append(socket.socket())


def test_leaks_by_pathlib():
    kept.append(pathlib.Path("/etc/shells").open())


def test_leaks_pipe():
    os.pipe()


def test_leaks_stream():
    libc.fopen(b"/etc/hosts", b"r")


@pytest.fixture
def forgetful():
    kept.append(open("/etc/group"))


def test_leaks_in_its_fixture(forgetful):
    pass


def test_tidy():
    with open("/etc/hosts") as file:
        file.read()


@pytest.fixture(scope="module")
def shared():
    with open("/etc/hosts") as file:
        yield file


@pytest.fixture
def own():
    with open("/etc/hosts") as file:
        yield file


def test_tidy_with_fixtures(shared, own, tmp_path, capfd):
    (tmp_path / "file").write_text("text")


def test_tidy_with_shared_fixture_again(shared):
    pass


def test_tidy_after_collection():
    class Cycle:
        pass

    cycle = Cycle()
    cycle.itself, cycle.file = cycle, open("/etc/hosts")


def test_tidy_child():
    subprocess.run(["true"], check=True)


@pytest.mark.xfail
def test_tidy_expected_failure():
    file = open("/etc/hosts")
    assert file is None


def test_tidy_skipped():
    file = open("/etc/hosts")
    pytest.skip("not here: %s" % file.name)


class TestClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = open("/etc/hosts")

    @classmethod
    def tearDownClass(cls):
        cls.file.close()

    def test_leaks_in_method(self):
        kept.append(open("/etc/hosts"))

    def test_tidy_method(self):
        self.file.read()
