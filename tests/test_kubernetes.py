"""deploy=kubernetes: valid resources that fit together, and settings that the service knows.

Every overlay is built and judged by Kubernetes' own schemas (strict: an unknown field is an error);
what a schema cannot see is looked up: what a name refers to, what a port leads to, who may run.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from baking import CHOICES, bake
from kustomize import Resource, build, every, kustomize

OLDEST, NEWEST = "1.32", kubernetes_validate.latest_version()
STORES = [
    *((queue, database, "none") for queue in CHOICES["queue"] for database in CHOICES["database"]),
    *(("redis", database, "dramatiq") for database in CHOICES["database"]),
]
SECRETS = {
    "jwt_secret": "s" * 48,
    "redis_url": "redis://redis:6379/0",
    "database_url": "postgresql://app:p@postgres:5432/app",
    "database_password": "p",
}
MOUNTED = "/run/secrets/app"


def generate(folder: Path, **answers: str) -> Path:
    """A project on Kubernetes; its secrets as `make secrets` lays them, with known content."""
    project = bake(folder, False, deploy="kubernetes", **answers)
    makefile = (project / "Makefile").read_text("utf-8")
    line = next(line for line in makefile.splitlines() if line.startswith("secrets: "))
    names = [word.rpartition("/")[2] for word in line.partition("##")[0].split()[1:]]
    if "database_url" in names:
        names.append("database_password")
    secrets = project / "deploy/kubernetes/overlays/development/secrets"
    secrets.mkdir()
    for name in names:
        (secrets / name).write_text(SECRETS[name])
    return project


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    made: dict[tuple[tuple[str, str], ...], Path] = {}

    def get(**answers: str) -> Path:
        key = tuple(sorted(answers.items()))
        if key not in made:
            made[key] = generate(tmp_path_factory.mktemp("kubernetes"), **answers)
        return made[key]

    return get


@pytest.fixture(params=STORES, ids="-".join)
def project(request: pytest.FixtureRequest, projects: Callable[..., Path]) -> Path:
    queue, database, jobs = request.param
    return projects(queue=queue, database=database, jobs=jobs)


@pytest.fixture(params=["development", "production"])
def resources(request: pytest.FixtureRequest, project: Path) -> list[Resource]:
    return build(project / "deploy/kubernetes/overlays" / request.param)


def test_overlays_are_built_by_kustomize_itself() -> None:
    if kustomize() is None:
        pytest.skip("neither kustomize nor a recent kubectl is on PATH: a stand-in built them")


def of_kind(resources: list[Resource], *kinds: str) -> list[Resource]:
    return [resource for resource in resources if resource["kind"] in kinds]


def server_of(resources: list[Resource]) -> Resource:
    """The Deployment that answers clients."""
    labelled = "app.kubernetes.io/component"
    [server] = [
        deployment
        for deployment in of_kind(resources, "Deployment")
        if deployment["metadata"]["labels"][labelled] == "server"
    ]
    return server


def templates(resources: list[Resource]) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Each workload with its pod template."""
    for workload in of_kind(resources, "Deployment", "StatefulSet", "Job"):
        yield workload, workload["spec"]["template"]


def containers(resources: list[Resource]) -> Iterator[dict[str, Any]]:
    for _, template in templates(resources):
        yield from template["spec"].get("initContainers", ())
        yield from template["spec"]["containers"]


def selected(resources: list[Resource], selector: dict[str, Any]) -> list[dict[str, Any]]:
    """The pod templates that a selector means."""
    labels = selector.get("matchLabels", selector if "matchExpressions" not in selector else {})
    return [
        template
        for _, template in templates(resources)
        if labels.items() <= template["metadata"]["labels"].items()
        and all(
            template["metadata"]["labels"].get(term["key"]) in term["values"]
            for term in selector.get("matchExpressions", ())
        )
    ]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_resource_is_valid(resources: list[Resource], version: str) -> None:
    for resource in resources:
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_schemas_see_a_wrong_field(projects: Callable[..., Path]) -> None:
    overlay = projects(queue="none", database="none") / "deploy/kubernetes/overlays/production"
    deployment = of_kind(build(overlay), "Deployment")[0]
    deployment["spec"]["template"]["spec"]["enableServicelinks"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, NEWEST, strict=True)


def test_no_two_resources_have_one_name(resources: list[Resource]) -> None:
    names = [(resource["kind"], resource["metadata"]["name"]) for resource in resources]
    assert len(names) == len(set(names))
    assert len({resource["metadata"]["namespace"] for resource in resources}) == 1


def test_every_pod_is_restricted(resources: list[Resource]) -> None:
    """As the Pod Security Standard `restricted` asks, and with a file system it cannot write."""
    for workload, template in templates(resources):
        spec, name = template["spec"], workload["metadata"]["name"]
        assert spec["enableServiceLinks"] is False, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
            assert container["resources"]["limits"]["memory"], name


def test_what_a_pod_names_is_there(resources: list[Resource]) -> None:
    made = {(resource["kind"], resource["metadata"]["name"]) for resource in resources}
    outside = {("Secret", "app")}  # in production it is not in git
    for workload, template in templates(resources):
        spec = template["spec"]
        claims = {claim["metadata"]["name"] for claim in every_claim(workload)}
        volumes = {volume["name"]: volume for volume in spec.get("volumes", ())}
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            for mount in container.get("volumeMounts", ()):
                assert mount["name"] in volumes or mount["name"] in claims
        mounted = {mount["name"] for mounts in every(spec, "volumeMounts") for mount in mounts}
        assert set(volumes) <= mounted, "a volume that nobody mounts"
        for field, kind, key in (
            ("secret", "Secret", "secretName"),
            ("configMapRef", "ConfigMap", "name"),
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
        ):
            for reference in every(spec, field):
                assert (kind, reference[key]) in made | outside


def every_claim(workload: Resource) -> list[Resource]:
    claims: list[Resource] = workload["spec"].get("volumeClaimTemplates", [])
    return claims


def test_selectors_and_ports_lead_somewhere(resources: list[Resource]) -> None:
    for workload in of_kind(resources, "Deployment", "StatefulSet"):
        template = workload["spec"]["template"]
        assert selected(resources, workload["spec"]["selector"]) == [template]
    for service in of_kind(resources, "Service"):
        [template] = selected(resources, service["spec"]["selector"])
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in port_names(template)
    for other in of_kind(resources, "PodDisruptionBudget"):
        assert len(selected(resources, other["spec"]["selector"])) == 1
    for policy in of_kind(resources, "NetworkPolicy"):
        covered = selected(resources, policy["spec"]["podSelector"])
        assert len(covered) == len([*of_kind(resources, "Deployment", "Job")])
        for ports in every(policy["spec"]["ingress"], "ports"):
            assert all(port["port"] in port_names(covered[0]) for port in ports)
    services = {service["metadata"]["name"]: service for service in of_kind(resources, "Service")}
    for ingress in of_kind(resources, "Ingress"):
        for backend in every(ingress, "service"):
            names = [port["name"] for port in services[backend["name"]]["spec"]["ports"]]
            assert backend["port"]["name"] in names
        [named] = {ingress["metadata"]["annotations"]["nginx.org/websocket-services"]}
        assert named in services
    for scaler in of_kind(resources, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        assert target["kind"] == "Deployment"
        assert target["name"] == server_of(resources)["metadata"]["name"]
    for stateful in of_kind(resources, "StatefulSet"):
        assert services[stateful["spec"]["serviceName"]]["spec"]["clusterIP"] == "None"


def port_names(template: dict[str, Any]) -> set[str]:
    return {port["name"] for ports in every(template, "ports") for port in ports}


def test_probes_ask_what_the_service_answers(resources: list[Resource], project: Path) -> None:
    """Live, ready and nothing else; the port is the image's; the pod outlives the drain."""
    deployment = server_of(resources)
    spec = deployment["spec"]["template"]["spec"]
    [server] = [one for one in spec["containers"] if one["name"] == "server"]
    paths = {name: server[name]["httpGet"]["path"] for name in server if name.endswith("Probe")}
    assert paths == {
        "startupProbe": "/healthz",
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz",
    }
    source = next(project.glob("src/*/http/health.py")).read_text("utf-8")
    assert all(f'"{path}"' in source for path in paths.values())
    assert {server[name]["httpGet"]["port"] for name in paths} == {"http"}
    [port] = server["ports"]
    dockerfile = (project / "Dockerfile").read_text("utf-8")
    assert f"PORT={port['containerPort']}\n" in dockerfile
    assert str(spec["securityContext"]["runAsUser"]) in dockerfile
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port["containerPort"])
    drain = float(settings_of(resources)["APP_DRAIN_SECONDS"])
    assert spec["terminationGracePeriodSeconds"] > drain
    assert server["readinessProbe"]["timeoutSeconds"] > 2, "less than the service's own checks take"


def settings_of(resources: list[Resource]) -> dict[str, str]:
    data: dict[str, str] = of_kind(resources, "ConfigMap")[0]["data"]
    return data


def test_the_ingress_waits_longer_than_a_ping(resources: list[Resource]) -> None:
    [ingress] = of_kind(resources, "Ingress")
    annotations = ingress["metadata"]["annotations"]
    waits = [value for name, value in annotations.items() if name.endswith("-timeout")]
    assert len(waits) == 4
    assert all(int(value.removesuffix("s")) > 25 + 20 for value in waits)
    assert published(resources) == {"/socket.io", "/api", "/static"}


def published(resources: list[Resource]) -> set[str]:
    [ingress] = of_kind(resources, "Ingress")
    return {path["path"] for paths in every(ingress, "paths") for path in paths}


def test_the_dashboard_is_published(projects: Callable[..., Path]) -> None:
    project = projects(dashboard="dash")
    built = build(project / "deploy/kubernetes/overlays/production")
    assert published(built) == {"/socket.io", "/api", "/static", "/dashboard"}


def test_it_scales_only_where_it_can(resources: list[Resource], project: Path) -> None:
    settings = settings_of(resources)
    can = "REDIS_URL_FILE" in settings and not settings.get("DATABASE_URL", "").startswith("sqlite")
    deployment = server_of(resources)
    scalers = of_kind(resources, "HorizontalPodAutoscaler")
    if can:
        [scaler] = scalers
        assert "replicas" not in deployment["spec"], "it would undo what the autoscaler did"
        assert 2 <= scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
        pods, cpu = scaler["spec"]["metrics"]
        assert pods["pods"]["metric"]["name"] == "socketio_connections"
        target = int(pods["pods"]["target"]["averageValue"])
        assert target < int(settings["APP_MAX_CONNECTIONS"])
        assert cpu["resource"]["name"] == "cpu"
        assert of_kind(resources, "PodDisruptionBudget")
    else:
        assert not scalers
        assert not of_kind(resources, "PodDisruptionBudget")
        assert deployment["spec"]["replicas"] == 1
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_where_there_are_jobs_somebody_does_them(resources: list[Resource], project: Path) -> None:
    commands = [c["command"] for c in containers(resources) if c["name"] == "worker"]
    package = next((project / "src").iterdir())
    wanted = [["python", "-m", package.name, "worker"]]
    assert commands == (wanted if (package / "worker.py").exists() else [])


def test_a_database_is_migrated(resources: list[Resource], project: Path) -> None:
    commands = [c["command"] for c in containers(resources) if c["name"] == "migrate"]
    assert len(commands) == (project / "migrations").is_dir()
    package = next((project / "src").iterdir()).name
    assert all(command == ["python", "-m", package, "migrate"] for command in commands)


def test_no_secret_is_in_git(project: Path) -> None:
    production = build(project / "deploy/kubernetes/overlays/production")
    assert not of_kind(production, "Secret")
    assert "/deploy/kubernetes/overlays/*/secrets/" in (project / ".gitignore").read_text()
    development = build(project / "deploy/kubernetes/overlays/development")
    [secret] = of_kind(development, "Secret")
    files = {Path(v).name for n, v in settings_of(development).items() if n.endswith("_FILE")}
    assert files <= set(secret["data"])
    readme = (project / "README.md").read_text("utf-8")
    assert all(f"--from-literal={name}=" in readme for name in files), "README says how to make it"


@pytest.mark.parametrize("mode", CHOICES["async_mode"])
def test_each_mode_scales_below_its_own_bound(mode: str, projects: Callable[..., Path]) -> None:
    project = projects(async_mode=mode, database="none")
    resources = build(project / "deploy/kubernetes/overlays/production")
    settings = settings_of(resources)
    [scaler] = of_kind(resources, "HorizontalPodAutoscaler")
    target = int(next(every(scaler, "averageValue")))
    assert target < int(settings["APP_MAX_CONNECTIONS"])


READ = """
import json, sys
from realtime_service.settings import load_settings
for environ in json.load(sys.stdin):
    print(load_settings(environ).env)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("queue", "database"), [("redis", "postgresql"), ("none", "sqlite")])
def test_the_service_accepts_the_settings(
    queue: str, database: str, installed: Callable[..., Path], tmp_path: Path
) -> None:
    """Those of both overlays, its secrets where they are mounted."""
    project = installed(queue=queue, database=database)
    described = generate(tmp_path, queue=queue, database=database)
    environs = []
    for overlay in ("development", "production"):
        settings = settings_of(build(described / "deploy/kubernetes/overlays" / overlay))
        for name, value in settings.items():
            if name.endswith("_FILE"):
                (tmp_path / Path(value).name).write_text(SECRETS[Path(value).name])
                assert Path(value).parent == Path(MOUNTED)
        here = {MOUNTED: str(tmp_path), "////data/": f"///{tmp_path}/"}
        for there, path in here.items():
            settings = {name: value.replace(there, path) for name, value in settings.items()}
        environs.append(settings)
    done = subprocess.run(
        [project / ".venv/bin/python", "-c", READ],
        input=json.dumps(environs),
        env={**os.environ, "PYTHONPATH": "src"},
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["production", "production"]


def test_the_development_secret_is_what_make_wrote(project: Path) -> None:
    development = build(project / "deploy/kubernetes/overlays/development")
    [secret] = of_kind(development, "Secret")
    for name, value in secret["data"].items():
        assert base64.b64decode(value).decode() == SECRETS[name]
