"""What is changed in moto for as long as the process runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from botocore.model import OperationModel as BotocoreOperationModel
from moto.core.model import OperationModel, ServiceModel

from aws_sandbox.moto_changes.permanent import one_at_a_time


class _SlowCache(dict[Any, Any]):
    """Keeps botocore's model for a moment, in which another thread may come."""

    def __init__(self) -> None:
        super().__init__()
        self.holds_botocores = Event()

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if type(value) is BotocoreOperationModel:
            self.holds_botocores.set()
            Event().wait(0.2)


def test_no_thread_gets_botocores_model_of_an_operation() -> None:
    service = ServiceModel({"metadata": {}, "operations": {"List": {"name": "List"}}}, "x")
    cache = _SlowCache()
    vars(service)["_instance_cache"] = cache
    model = one_at_a_time(ServiceModel.operation_model)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(model, service, "List")
        assert cache.holds_botocores.wait(5)
        second = pool.submit(model, service, "List")
        assert isinstance(first.result(), OperationModel)
        assert isinstance(second.result(), OperationModel)
