"""What functions run with here, kept for the next start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from aws_sandbox.functions.runtimes import runtime_folder


def test_functions_that_start_at_once_share_one_folder_of_the_runtime_client(
    tmp_path: Path,
) -> None:
    starts, rounds = 8, 20
    for number in range(rounds):
        cache, together = tmp_path / str(number), Barrier(starts)

        def start(cache: Path = cache, together: Barrier = together) -> Path:
            together.wait()
            return runtime_folder(cache)

        with ThreadPoolExecutor(starts) as pool:
            (folder,) = {begun.result() for begun in [pool.submit(start) for _ in range(starts)]}
        assert (folder / "awslambdaric" / "bootstrap.py").is_file()
