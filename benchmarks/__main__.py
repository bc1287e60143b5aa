"""`python -m benchmarks [name…]`: all benchmarks, or those named, each in a process of its own."""

import argparse
import time
from collections.abc import Sequence

from benchmarks.by_name import NAMES, run_full
from benchmarks.measure import in_own_process


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}")
    names: Sequence[str] = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    for name in names or NAMES:
        started = time.perf_counter()
        for measure in in_own_process(run_full, name).result:
            print(f"{name} | {measure}", flush=True)
        print(f"{name} | took {time.perf_counter() - started:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
