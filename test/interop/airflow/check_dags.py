"""Renders the pods of the DAG with pods, and tells what each exit code becomes. Prints one JSON line.

    check_dags.py DIRECTORY      one Job manifest for each task's pod goes there
"""

from __future__ import annotations

import json
import os
import sys
from unittest import mock

sys.path.insert(0, os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
os.makedirs(sys.argv[1], exist_ok=True)
# The provider wants a cluster's address to render a pod; nothing is sent there.
os.environ["KUBECONFIG"] = os.path.join(sys.argv[1], "kubeconfig")
with open(os.environ["KUBECONFIG"], "w", encoding="utf8") as kubeconfig:
    cluster = {"name": "none", "cluster": {"server": "http://127.0.0.1:9"}}
    context = {"name": "none", "context": {"cluster": "none", "user": "none"}}
    json.dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [cluster],
            "contexts": [context],
            "users": [{"name": "none", "user": {}}],
            "current-context": "none",
        },
        kubeconfig,
    )

import pineload_kubernetes  # noqa: E402
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator  # noqa: E402
from airflow.sdk.exceptions import (  # noqa: E402
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)
from kubernetes.client import ApiClient  # noqa: E402
from kubernetes.client import models as k8s  # noqa: E402
from pineload_pods import PineloadPodOperator  # noqa: E402
from pineload_tasks import raise_for, without_empty  # noqa: E402

CODES = [0, 1, 2, 3, 4, 5, 6, 7, 143]


def outcome(work) -> str:
    try:
        work()
    except AirflowFailException:
        return "fail"
    except AirflowRescheduleException:
        return "reschedule"
    except AirflowException:
        return "retry"
    return "ok"


def finished_pod(exit_code: int) -> k8s.V1Pod:
    terminated = k8s.V1ContainerStateTerminated(exit_code=exit_code)
    status = k8s.V1ContainerStatus(
        name="base", image="i", image_id="i", ready=False, restart_count=0, state=k8s.V1ContainerState(terminated=terminated)
    )
    phase = "Succeeded" if exit_code == 0 else "Failed"
    return k8s.V1Pod(metadata=k8s.V1ObjectMeta(name="p"), status=k8s.V1PodStatus(phase=phase, container_statuses=[status]))


def pod_outcome(operator: PineloadPodOperator, exit_code: int) -> str:
    """The provider's own cleanup, with a pod that has ended; only its calls to a cluster are left out."""
    pod = finished_pod(exit_code)
    quiet = ["patch_already_checked", "process_pod_deletion", "_read_pod_container_states", "_read_pod_events"]
    calls = {name: mock.DEFAULT for name in quiet} | {"is_istio_enabled": lambda self, pod: False}
    with mock.patch.multiple(KubernetesPodOperator, **calls):
        return outcome(lambda: operator.cleanup(pod, pod))


def render(task, directory: str) -> str:
    """The pod that the task would ask for, as a Job, since that is what the checker takes."""
    operator = task
    if task.task_id == "convert":
        # A mapped task: one of its shards.
        operator = task.unmap({"more_arguments": ["--shard", "0/4"]})
    operator.arguments = without_empty([*operator.arguments, *operator.more_arguments])
    pod = operator.build_pod_request_obj(None)
    template = ApiClient().sanitize_for_serialization(pod)
    template.pop("apiVersion"), template.pop("kind")
    for name in ("name", "namespace"):
        template["metadata"].pop(name, None)
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": task.task_id.replace("_", "-")},
        "spec": {"template": template},
    }
    with open(os.path.join(directory, f"{task.task_id}.json"), "w", encoding="utf8") as file:
        json.dump(job, file)
    return task.task_id


def main(directory: str) -> None:
    tasks = [task for task in pineload_kubernetes.dag.tasks if task.task_id != "shards"]
    plain = next(task for task in tasks if task.task_id == "plan")
    watch = next(task for task in tasks if task.task_id == "watch_import")
    result = {
        "process": {code: outcome(lambda: raise_for(code, "m")) for code in CODES},
        "pod": {code: pod_outcome(plain, code) for code in CODES},
        "watchingPod": {code: pod_outcome(watch, code) for code in (6, 7)},
        "pods": sorted(render(task, directory) for task in tasks),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
