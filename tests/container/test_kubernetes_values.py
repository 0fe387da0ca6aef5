"""The pods that KubeSpawner makes of the values for Zero to JupyterHub."""

from __future__ import annotations

import asyncio
from typing import Any, Dict

import pytest

from ..support import kubernetes


@pytest.fixture(scope="module")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Dict[str, Any]]:
    """The pod of each profile, in JSON, by the profile's slug."""
    file = tmp_path_factory.mktemp("cluster") / "config"
    file.write_text(kubernetes.NO_CLUSTER)
    with pytest.MonkeyPatch.context() as patch:
        # It is read with the import.
        patch.setenv("KUBECONFIG", str(file))
        pytest.importorskip("kubespawner", reason="it is for JupyterHub, which wants a newer Python")
        slugs = [each["slug"] for each in kubernetes.settings("image")["profile_list"]]
        return {slug: asyncio.run(_pod(slug)) for slug in slugs}


async def _pod(slug: str) -> Dict[str, Any]:
    from kubernetes_asyncio import client
    from kubespawner import KubeSpawner

    made = KubeSpawner(_mock=True, **kubernetes.settings("image"))
    made.user_options = {"profile": slug}
    await made.load_user_options()
    async with client.ApiClient() as api:
        plain: Dict[str, Any] = api.sanitize_for_serialization(await made.get_pod_manifest())
    return plain


def test_a_server_has_no_privilege_and_a_root_that_is_not_written_to(pods: Dict[str, Dict[str, Any]]) -> None:
    for pod in pods.values():
        (container,) = pod["spec"]["containers"]
        context = container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["runAsUser"] == 1000
        assert pod["spec"]["automountServiceAccountToken"] is False
        # Where something is written there is a volume.
        assert {each["mountPath"] for each in container["volumeMounts"]} == {"/home/casa", "/tmp", "/scratch"}
        mounted = {each["name"] for each in container["volumeMounts"]}
        assert mounted == {each["name"] for each in pod["spec"]["volumes"]}


def test_each_profile_has_its_size(pods: Dict[str, Dict[str, Any]]) -> None:
    limits = {slug: pod["spec"]["containers"][0]["resources"]["limits"] for slug, pod in pods.items()}
    small, large = limits["small"], limits["large"]
    assert float(small["cpu"]) < float(large["cpu"])
    assert int(small["memory"]) * 4 == int(large["memory"])


def test_the_image_s_entry_point_starts_the_server(pods: Dict[str, Dict[str, Any]]) -> None:
    for pod in pods.values():
        (container,) = pod["spec"]["containers"]
        assert container["args"][0] == "jupyterhub-singleuser"
        assert not container.get("command")
