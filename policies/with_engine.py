"""The pack's process ends with the engine that started it, however that ends."""

import os
import threading
import time

_CHECK_SECONDS = 1.0


def end_with_engine() -> None:
    """Ends this process once its parent is gone: an engine that is killed does not end it."""
    engine = os.getppid()

    def watch() -> None:
        while os.getppid() == engine:
            time.sleep(_CHECK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, name="ends with the engine", daemon=True).start()
