"""The chart is what the tables say: files, roles, images; and it renders to what is meant, with Helm or without."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from deploy.helm import make
from deploy.kafka.brokers import read
from tests import helm_templates
from tests.chaos.faults import FAULTS

from tradewind.adapters.bus.kafka_topics import IN_SYNC_MIN, REPLICAS
from tradewind.operations.serving import ROLES

DEPLOY = Path(__file__).parents[2] / "deploy"
CHART = DEPLOY / "helm" / "tradewind"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def test_the_files_of_the_chart_are_those_that_stand_elsewhere():
    assert {path.name: path.read_text(encoding="utf-8") for path in make.FILES.iterdir()} == make.texts()


def test_there_is_a_deployment_for_every_role_and_no_other():
    assert list(VALUES["roles"]) == list(ROLES)
    assert all(how["replicas"] >= 1 for how in VALUES["roles"].values())


def test_brokers_and_topics_keep_as_many_copies_as_the_program_wants():
    told = read(make.FILES / "kafka.properties")
    assert (told["default.replication.factor"], told["min.insync.replicas"]) == (str(REPLICAS), str(IN_SYNC_MIN))
    assert VALUES["topics"]["replicas"] == REPLICAS
    assert len(told["controller.quorum.voters"].split(",")) == REPLICAS


def test_the_chart_runs_the_images_of_the_compose_files():
    def images(folder):
        whole = yaml.safe_load((DEPLOY / folder / "compose.yaml").read_text(encoding="utf-8"))
        return {service["image"] for service in whole["services"].values()}

    assert images("kafka") == {VALUES["kafka"]["image"]}
    assert images("postgres") == {VALUES["postgres"]["image"]}
    assert images("redis") == {VALUES["redis"]["image"]}


def test_no_secret_and_no_floating_image_stands_in_the_chart():
    for path in CHART.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert "kind: Secret\n" not in text, path
            assert ":latest" not in text, path


WORDS = {"image": "registry.example/tradewind:0.1.0", "prometheusOperator": True}


@pytest.fixture(scope="module")
def rendered():
    return helm_templates.rendered(CHART, WORDS, "t")


def test_without_an_image_nothing_is_rendered_and_the_reason_is_said():
    with pytest.raises(ValueError, match="say which image"):
        helm_templates.rendered(CHART, {}, "t")


def test_helm_itself_renders_the_same_and_has_nothing_to_say_against_it(rendered):
    helm = shutil.which("helm")
    if helm is None:
        pytest.skip("helm is not installed (Go: go install helm.sh/helm/v3/cmd/helm@latest)")
    words = ["--set", f"image={WORDS['image']}", "--set", "prometheusOperator=true"]
    subprocess.run([helm, "lint", "--strict", CHART, *words], check=True, capture_output=True)
    missing = subprocess.run([helm, "template", "t", CHART], capture_output=True, text=True, check=False)
    assert "say which image" in missing.stderr
    done = subprocess.run([helm, "template", "t", CHART, *words], check=True, capture_output=True, text=True)

    def by_name(objects):
        return sorted((one["kind"], one["metadata"]["name"], one) for one in objects)

    assert by_name(one for one in yaml.safe_load_all(done.stdout) if one) == by_name(rendered)


def pods(rendered):
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for one in rendered
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}
    }


def test_rendered_there_are_three_brokers_six_nodes_of_state_and_every_role(rendered):
    sizes = {
        o["metadata"]["name"]: o["spec"]["replicas"] for o in rendered if o["kind"] in {"Deployment", "StatefulSet"}
    }
    assert sizes["kafka"] == REPLICAS
    assert (sizes["redis-state"], sizes["redis-cache"], sizes["postgres"]) == (6, 1, 1)
    assert {name.removeprefix("tradewind-") for name in sizes if name.startswith("tradewind-")} == set(ROLES)
    job = pods(rendered)["tradewind-topics"]["spec"]["containers"][0]
    assert job["args"] == ["topics", "--make", "--replicas", str(REPLICAS)]


def test_rendered_every_pod_is_confined_limited_and_looked_after(rendered):
    for name, pod in pods(rendered).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        mounted = {volume["name"] for volume in spec["volumes"]} | {"data"}
        for container in spec["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            assert {mount["name"] for mount in container["volumeMounts"]} <= mounted
            assert spec.get("restartPolicy") == "OnFailure" or "livenessProbe" in container


def test_rendered_every_secret_and_file_that_is_mounted_is_named(rendered):
    maps = {one["metadata"]["name"] for one in rendered if one["kind"] == "ConfigMap"}
    text = json.dumps(list(pods(rendered).values()))
    for pod in pods(rendered).values():
        for volume in pod["spec"]["volumes"]:
            assert volume.get("configMap", {}).get("name", next(iter(maps))) in maps
    assert all(f'"{name}"' in text for name in VALUES["secrets"].values())


def test_rendered_every_selector_finds_the_pods_of_one_workload_and_every_named_port_is_there(rendered):
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(rendered).items()}

    def found(wanted):
        return [name for name, has in labels.items() if wanted.items() <= has.items()]

    for one in rendered:
        name, spec = one["metadata"]["name"], one.get("spec", {})
        if one["kind"] == "Service":
            assert len(found(spec["selector"])) == 1, name
        elif one["kind"] in {"Deployment", "StatefulSet"}:
            assert found(spec["selector"]["matchLabels"]) == [name]
        elif one["kind"] in {"PodDisruptionBudget", "NetworkPolicy"}:
            assert found((spec.get("selector") or spec["podSelector"])["matchLabels"]) == [name], name
        elif one["kind"] == "PodMonitor":
            assert {part.removeprefix("tradewind-") for part in found(spec["selector"]["matchLabels"])} == set(ROLES)
    for pod in pods(rendered).values():
        for container in pod["spec"]["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                how = container.get(kind, {})
                assert {how[way]["port"] for way in ("httpGet", "tcpSocket") if way in how} <= ports


def test_rendered_what_must_outlive_a_pod_lies_on_a_volume_that_is_claimed(rendered):
    claimed = {
        o["metadata"]["name"]: [claim["spec"]["resources"]["requests"]["storage"] for claim in claims]
        for o in rendered
        if (claims := o.get("spec", {}).get("volumeClaimTemplates"))
    }
    assert claimed == {
        "kafka": [VALUES["kafka"]["storage"]],
        "postgres": [VALUES["postgres"]["storage"]],
        "redis-state": [VALUES["redis"]["state"]["storage"]],
    }
    for name, pod in pods(rendered).items():
        mounts = {
            mount["name"]: mount["mountPath"] for one in pod["spec"]["containers"] for mount in one["volumeMounts"]
        }
        assert name not in claimed or "data" in mounts


def test_rendered_what_runs_more_than_once_is_spread_over_zones_and_nodes(rendered):
    spread = {name: pod["spec"].get("topologySpreadConstraints", []) for name, pod in pods(rendered).items()}
    for one in rendered:
        if one.get("spec", {}).get("replicas", 1) > 1:
            keys = [how["topologyKey"] for how in spread[one["metadata"]["name"]]]
            assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"], one["metadata"]["name"]


def test_rendered_with_servers_of_ones_own_only_the_roles_are_left():
    off = {"enabled": False}
    values = WORDS | {"kafka": off, "postgres": off, "redis": {"state": off, "cache": off}}
    kinds = {(o["kind"], o["metadata"]["name"]) for o in helm_templates.rendered(CHART, values, "t")}
    assert {name for kind, name in kinds if kind in {"Deployment", "StatefulSet"}} == {f"tradewind-{r}" for r in ROLES}


def test_rendered_kubernetes_own_schemas_hold(rendered):
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed (pip)")
    for one in rendered:
        if "monitoring.coreos.com" not in one["apiVersion"]:
            validate.validate(one, "1.33", strict=True)


def test_the_experiments_of_litmus_are_those_that_are_done_here():
    engines = list(yaml.safe_load_all((DEPLOY / "chaos" / "litmus.yaml").read_text(encoding="utf-8")))
    names = {engine["metadata"]["name"] for engine in engines}
    assert names == {"kafka-broker", "redis-node", "postgres", "postgres-partition", "services"}
    assert {fault.of for fault in FAULTS.values()} == {"Kafka", "Redis", "PostgreSQL", "network", "serve", "publisher"}
    for engine in engines:
        assert (engine["apiVersion"], engine["kind"]) == ("litmuschaos.io/v1alpha1", "ChaosEngine")
        assert engine["spec"]["engineState"] == "stop", "nothing breaks because a file was applied"
        label = engine["spec"]["appinfo"]["applabel"]
        assert label == "tradewind/metrics=true" or label.split("=")[1] in {"kafka", "redis-state", "postgres"}
        for experiment in engine["spec"]["experiments"]:
            assert experiment["name"] in {"pod-delete", "pod-network-loss"}
            assert all(isinstance(pair["value"], str) for pair in experiment["spec"]["components"]["env"])
