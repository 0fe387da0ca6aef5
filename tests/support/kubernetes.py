"""What Zero to JupyterHub makes of its values, without a cluster: KubeSpawner's settings, and a pod that Podman plays.

The chart is in no package registry. ``SETTINGS`` has, of its hub's configuration (4.3), what the project's values use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import yaml

VALUES = Path(__file__).resolve().parents[2] / "jupyter_config" / "kubernetes" / "values.yaml"
# KubeSpawner's settings, by their places below "singleuser".
SETTINGS = {
    "cmd": "cmd",
    "defaultUrl": "default_url",
    "uid": "uid",
    "fsGid": "fs_gid",
    "allowPrivilegeEscalation": "allow_privilege_escalation",
    "startTimeout": "start_timeout",
    "cpu.guarantee": "cpu_guarantee",
    "cpu.limit": "cpu_limit",
    "memory.guarantee": "mem_guarantee",
    "memory.limit": "mem_limit",
    "profileList": "profile_list",
    "storage.capacity": "storage_capacity",
    "storage.extraVolumes": "volumes",
    "storage.extraVolumeMounts": "volume_mounts",
}
# Names a cluster, because KubeSpawner wants one. There is none, and the tests ask it nothing.
NO_CLUSTER = """
{"clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}], "users": [{"name": "none", "user": {}}],
 "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}], "current-context": "none"}
"""
# What becomes no setting of KubeSpawner's: it is the chart's own matter, or is told below.
_ELSEWHERE = {"image", "networkPolicy", "cloudMetadata", "storage.type", "storage.homeMountPath"}
# A server in a pod that Podman plays in the machine's network; it is told in JSON where the pod is.
SPAWNER = """
import asyncio, json
from kubespawner import KubeSpawner
from kubernetes_asyncio import client

class Played(KubeSpawner):
    async def podman(self, *words):
        process = await asyncio.create_subprocess_exec("podman", *words)
        return await process.wait()

    async def start(self):
        manifest = client.ApiClient().sanitize_for_serialization(await self.get_pod_manifest())
        # In the machine's network, in which it listens on the port that it is told, there is nothing to map.
        del manifest["spec"]["containers"][0]["ports"]
        self.file = "{folder}/pod.json"
        with open(self.file, "w") as file:
            json.dump(manifest, file)
        assert await self.podman("kube", "play", "--network=host", self.file) == 0
        return "127.0.0.1", self.port

    async def progress(self):
        # There are no events of a cluster's to tell.
        yield {{"message": "played"}}

    async def poll(self):
        return None if not await self.podman("pod", "exists", self.pod_name) else 1

    async def stop(self, now=False):
        await self.podman("kube", "down", self.file)

c = get_config()
c.JupyterHub.spawner_class = Played
"""


def values() -> Dict[str, Any]:
    """Return the values as they are shipped."""
    found: Dict[str, Any] = yaml.safe_load(VALUES.read_text())
    return found


def settings(image: str) -> Dict[str, Any]:
    """Return KubeSpawner's settings for the shipped values.

    Args:
        image: in the place of the values' own.

    Raises:
        KeyError: a value is not known here.
    """
    shipped = values()
    single = shipped["singleuser"]
    found = {SETTINGS[path]: value for path, value in _flat(single) if path not in _ELSEWHERE}
    home = {"name": "volume-{user_server}", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}
    mount = {"name": home["name"], "mountPath": single["storage"]["homeMountPath"]}
    found["volumes"] = [home, *found["volumes"]]
    found["volume_mounts"] = [mount, *found["volume_mounts"]]
    return {**shipped["hub"]["config"]["KubeSpawner"], **found, "image": image}


def _flat(single: Dict[str, Any]) -> Any:
    for name, value in single.items():
        if name in ("cpu", "memory", "storage"):
            yield from ((f"{name}.{below}", each) for below, each in value.items())
        else:
            yield name, value
