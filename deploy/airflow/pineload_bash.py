"""Files in a store to a verified Pinecone index, on Airflow workers that have Node: no cluster is needed.

Settings are environment variables of the workers (PINELOAD_AIRFLOW_*, below) and whatever pineload itself reads, such as
PINECONE_API_KEY_FILE and the credentials of the object store. docs/airflow.md explains.
"""

from __future__ import annotations

import os
import shlex
import sys
from datetime import datetime, timedelta

from airflow.sdk import DAG, Param, task

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pineload_tasks import PineloadImportSensor, PineloadOperator, run_name, shard_arguments  # noqa: E402

COMMAND = shlex.split(os.environ.get("PINELOAD_AIRFLOW_COMMAND", "npx --yes pineload@0.1.0"))
#: Seconds between two looks at the import, and between two tries.
POKE_SECONDS = float(os.environ.get("PINELOAD_AIRFLOW_POKE_SECONDS", "60"))
RETRY_SECONDS = float(os.environ.get("PINELOAD_AIRFLOW_RETRY_SECONDS", "120"))

with DAG(
    dag_id="pineload_bash",
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
        "shards": Param(4, type="integer", minimum=1, description="at most so many converting tasks"),
        "split_size": Param("2GiB", type="string"),
    },
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=RETRY_SECONDS),
    },
) as dag:
    run_id = "{{ dag_run.run_id | run_name }}"
    #: The place as it is, {run} filled in: the commands after `plan` take it from there.
    to = "{{ ti.xcom_pull(task_ids='plan')['result']['to'] }}"
    plan_uri = "{{ ti.xcom_pull(task_ids='plan')['result']['plan'] }}"
    index = ["--index-name", "{{ params.index_name }}"]
    common = {"command": COMMAND, "environment": {"PINELOAD_JSON": "true"}}

    plan = PineloadOperator(
        task_id="plan",
        arguments=[
            "plan",
            "{{ params.input }}",
            *["--to", "{{ params.to }}"],
            *["--namespace", "{{ params.namespace }}"],
            *["--run-id", run_id],
            *["--split-size", "{{ params.split_size }}"],
        ],
        **common,
    )

    @task
    def shards(planned: dict, params: dict | None = None) -> list[list[str]]:
        assert params is not None
        return shard_arguments(planned["result"]["splits"], params["shards"])

    convert = PineloadOperator.partial(
        task_id="convert",
        arguments=["convert", "--plan", plan_uri],
        **common,
    ).expand(more_arguments=shards(plan.output))

    commit = PineloadOperator(task_id="commit", arguments=["commit", "--plan", plan_uri], **common)

    start = PineloadOperator(
        task_id="start_import",
        arguments=[
            *["import", "start", "--uri", to],
            *index,
            "--integration-id={{ params.integration_id }}",
        ],
        **common,
    )

    watch = PineloadImportSensor(
        task_id="watch_import",
        import_id="{{ ti.xcom_pull(task_ids='start_import')['result']['id'] }}",
        arguments=index,
        poke_interval=POKE_SECONDS,
        timeout=24 * 3600,
        **common,
    )

    #: The import is over: this counts and compares.
    verify = PineloadOperator(
        task_id="verify", arguments=["import", "watch", "--uri", to, *index], **common
    )

    convert >> commit >> start >> watch >> verify
