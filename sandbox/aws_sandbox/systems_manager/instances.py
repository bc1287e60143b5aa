"""Instances that are folders here: moto's EC2 has them, and Run Command reaches them."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moto.backends import get_backend

from aws_sandbox.aws.api_calls import not_carried_out
from aws_sandbox.control import ControlApi
from aws_sandbox.systems_manager.api import SsmCall, page

_PLATFORMS = {"Linux": ("Amazon Linux", "2023"), "Windows": ("Windows Server 2022", "10.0.20348")}
_LAUNCH = frozenset(
    {"account", "region", "platform", "tags", "managed", "online", "role_arn", "volumes"}
)
_VOLUME_GIB = 8
_CHANGE = frozenset({"account", "region", "instance_id", "managed", "online"})
_AGENT = "3.3.3050.0"


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance, as Systems Manager sees it."""

    id: str
    account: str
    region: str
    platform: str
    folder: Path
    """Its home; programs in `bin` come before this machine's."""
    managed: bool = True
    """Whether Systems Manager knows it."""
    online: bool = True
    """Whether its agent answers."""
    role_arn: str = ""
    """The role of its instance profile; "" for none."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What programs on it are started with; nothing of this machine's is theirs."""
        return {
            "PATH": f"{self.folder / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
            "/sbin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.folder / "tmp"),
            "RUNTIME_DIRECTORY": str(self.folder / "run"),
            "STATE_DIRECTORY": str(self.folder / "state"),
            "AWS_SSM_INSTANCE_ID": self.id,
            "AWS_SSM_REGION_NAME": self.region,
        }


class Instances:
    """Every instance of every account and Region."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Instance] = {}
        self._lock = threading.Lock()

    def register(self, control: ControlApi) -> None:
        """Offers `instances.launch`, `instances.change` and `instances`."""
        control.add("instances.launch", self.launch)
        control.add("instances.change", self.change)
        control.add(
            "instances", lambda _given: [_told(each) for each in self.all()], reads_only=True
        )

    def all(self) -> Sequence[Instance]:
        with self._lock:
            return list(self._known.values())

    def managed(self, account: str, region: str) -> Mapping[str, Instance]:
        """Those that Systems Manager knows there, by id."""
        return {
            each.id: each
            for each in self.all()
            if each.managed and (each.account, each.region) == (account, region)
        }

    def describe(self, call: SsmCall) -> Mapping[str, Any]:
        """DescribeInstanceInformation."""
        call.know("Filters", "MaxResults", "NextToken")
        found = [
            each
            for each in self.managed(call.account, call.region).values()
            if all(_passes(each, one) for one in call.params.get("Filters") or ())
        ]
        documents = [_information(call, each) for each in found]
        return page(call, "InstanceInformationList", documents)

    def launch(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Makes one in moto's EC2, with one volume or as many as asked for, and its folder."""
        _check(given, _LAUNCH, "account", "region")
        platform = str(given.get("platform", "Linux"))
        if platform not in _PLATFORMS:
            raise ValueError(f"platform is one of {', '.join(_PLATFORMS)}, not {platform!r}")
        backend = get_backend("ec2")[str(given["account"])][str(given["region"])]
        image = next(iter(backend.describe_images()))
        tags: Mapping[str, str] = given.get("tags") or {}
        (made,) = backend.run_instances(
            image.id,
            1,
            None,
            [],
            instance_type="t3.micro",
            tags={"instance": dict(tags)},
            is_instance_type_default=False,
        ).instances
        if platform == "Windows":
            made.platform = "windows"
        for number in range(1, int(given.get("volumes", 1))):
            zone = f"{given['region']}a"
            volume = backend.create_volume(size=_VOLUME_GIB, zone_name=zone)
            backend.attach_volume(volume.id, made.id, f"/dev/sd{'abcdefghij'[number]}")
        instance = Instance(
            id=made.id,
            account=str(given["account"]),
            region=str(given["region"]),
            platform=platform,
            folder=self._folder / made.id,
            managed=bool(given.get("managed", True)),
            online=bool(given.get("online", True)),
            role_arn=str(given.get("role_arn", "")),
        )
        for name in ("bin", "tmp", "run", "state"):
            (instance.folder / name).mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._known[instance.id] = instance
        return _told(instance)

    def change(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        _check(given, _CHANGE, "account", "region", "instance_id")
        with self._lock:
            instance = self._known.get(str(given["instance_id"]))
            where = (given["account"], given["region"])
            if instance is None or (instance.account, instance.region) != where:
                raise ValueError(f"there is no instance {given['instance_id']} in {where}")
            managed, online = given.get("managed"), given.get("online")
            changed = replace(
                instance,
                managed=instance.managed if managed is None else bool(managed),
                online=instance.online if online is None else bool(online),
            )
            self._known[instance.id] = changed
        return _told(changed)


def _check(given: Mapping[str, Any], known: frozenset[str], *required: str) -> None:
    if unknown := sorted(given.keys() - known):
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if missing := [name for name in required if name not in given]:
        raise ValueError(f"{', '.join(missing)} is missing")


def _told(instance: Instance) -> Mapping[str, Any]:
    return {
        "instance_id": instance.id,
        "account": instance.account,
        "region": instance.region,
        "platform": instance.platform,
        "folder": str(instance.folder),
        "managed": instance.managed,
        "online": instance.online,
    }


def _information(call: SsmCall, instance: Instance) -> Mapping[str, Any]:
    name, version = _PLATFORMS[instance.platform]
    return {
        "InstanceId": instance.id,
        "PingStatus": "Online" if instance.online else "ConnectionLost",
        "LastPingDateTime": call.services.clock().replace(tzinfo=None),
        "AgentVersion": _AGENT,
        "IsLatestVersion": True,
        "PlatformType": instance.platform,
        "PlatformName": name,
        "PlatformVersion": version,
        "ResourceType": "EC2Instance",
        **({"IamRole": instance.role_arn.rpartition("/")[2]} if instance.role_arn else {}),
    }


def _passes(instance: Instance, wanted: Mapping[str, Any]) -> bool:
    key = str(wanted["Key"])
    found = {
        "InstanceIds": instance.id,
        "PingStatus": "Online" if instance.online else "ConnectionLost",
        "PlatformTypes": instance.platform,
    }
    if key.startswith("tag:"):
        tags = tags_of(instance.account, instance.region, instance.id)
        return tags.get(key.removeprefix("tag:")) in wanted["Values"]
    if key not in found:
        raise not_carried_out(f"the filter {key} of DescribeInstanceInformation")
    return found[key] in wanted["Values"]


def tags_of(account: str, region: str, resource_id: str) -> Mapping[str, str]:
    """The tags of something in moto's EC2."""
    backend = get_backend("ec2")[account][region]
    return {
        tag["key"]: tag["value"] for tag in backend.describe_tags({"resource-id": [resource_id]})
    }
