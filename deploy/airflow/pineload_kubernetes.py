"""Files in a store to a verified Pinecone index, each step in a pod of its own.

Needs the objects of deploy/kubernetes (config.yaml, a secret, one service account) in the namespace of the pods, and the
image of deploy/Dockerfile. docs/airflow.md explains.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta

from airflow.sdk import DAG, Param, task

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pineload_pods import PineloadPodOperator  # noqa: E402
from pineload_tasks import run_name, shard_arguments  # noqa: E402

with DAG(
    dag_id="pineload_kubernetes",
    start_date=datetime(2026, 1, 1),
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["pineload"],
    user_defined_filters={"run_name": run_name},
    params={
        "input": Param("s3://my-bucket/raw/", type="string"),
        "to": Param("s3://my-bucket/airflow/{run}", type="string", description="{run} is this DAG run"),
        "namespace": Param("catalogue-{run}", type="string"),
        "index_name": Param("my-index", type="string"),
        "integration_id": Param("", type="string", description="of a private bucket"),
        "shards": Param(16, type="integer", minimum=1, description="at most so many converting pods"),
        "split_size": Param("2GiB", type="string"),
    },
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "image": os.environ.get("PINELOAD_AIRFLOW_IMAGE", "registry.example.com/pineload:0.1.0"),
        "namespace": os.environ.get("PINELOAD_AIRFLOW_NAMESPACE", "default"),
    },
) as dag:
    run_id = "{{ dag_run.run_id | run_name }}"
    to = "{{ ti.xcom_pull(task_ids='plan')['result']['to'] }}"
    plan_uri = "{{ ti.xcom_pull(task_ids='plan')['result']['plan'] }}"
    index = ["--index-name", "{{ params.index_name }}"]

    plan = PineloadPodOperator(
        task_id="plan",
        arguments=[
            "plan",
            "{{ params.input }}",
            *["--to", "{{ params.to }}"],
            *["--namespace", "{{ params.namespace }}"],
            *["--run-id", run_id],
            *["--split-size", "{{ params.split_size }}"],
        ],
    )

    @task
    def shards(planned: dict, params: dict | None = None) -> list[list[str]]:
        assert params is not None
        return shard_arguments(planned["result"]["splits"], params["shards"])

    convert = PineloadPodOperator.partial(
        task_id="convert",
        arguments=["convert", "--plan", plan_uri],
    ).expand(more_arguments=shards(plan.output))

    commit = PineloadPodOperator(task_id="commit", arguments=["commit", "--plan", plan_uri])

    start = PineloadPodOperator(
        task_id="start_import",
        arguments=[
            *["import", "start", "--uri", to],
            *index,
            "--integration-id={{ params.integration_id }}",
        ],
    )

    watch = PineloadPodOperator(
        task_id="watch_import",
        # Each look is a pod, so it looks for two minutes before it gives its place back for five. A retry is no look.
        arguments=["import", "watch", "--uri", to, *index, "--timeout", "120", "--verify-sample", "0"],
        reschedule_seconds=300,
    )

    verify = PineloadPodOperator(task_id="verify", arguments=["import", "watch", "--uri", to, *index])

    convert >> commit >> start >> watch >> verify
