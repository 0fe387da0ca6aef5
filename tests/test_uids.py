"""Two runs of tests on one machine have users of different numbers."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from .support import living
from .support.uids import free_block


def test_two_that_are_there_at_once_have_no_number_in_common() -> None:
    one, first = free_block()
    with one:
        other, second = free_block()
        with other:
            assert abs(second - first) >= 200


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_a_number_whose_user_still_has_a_process_is_not_given_again() -> None:
    block, first = free_block()
    with block, living.started(["cat"], stdin=subprocess.PIPE, user=first + 199):
        block.close()
        other, second = free_block()
        with other:
            assert second != first


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_a_number_whose_user_has_left_a_file_for_all_to_see_is_not_given_again() -> None:
    block, first = free_block()
    descriptor, path = tempfile.mkstemp(prefix="cd-", dir="/tmp")
    try:
        os.fchown(descriptor, first + 1, first + 1)
        block.close()
        other, second = free_block()
        with other:
            assert second != first
    finally:
        os.close(descriptor)
        Path(path).unlink()
