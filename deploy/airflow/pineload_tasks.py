"""Runs pineload as Airflow tasks.

A task's XCom is the command's summary: small, and there on success and on failure. Exit codes decide about retries
(docs/errors.md): 2, 3, 4 and 6 fail at once, since the same command would end the same; 5, 7 and everything else are
retried as the DAG says.

Airflow 3. Put this file beside the DAGs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, BaseSensorOperator
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowFailException

#: Usage, rejected input, configuration or conflict, failed import: a retry cannot help.
FINAL_EXIT_CODES = frozenset({2, 3, 4, 6})
#: Waiting timed out, the import goes on.
STILL_RUNNING = 7
#: A task that is stopped has this long (seconds) to leave nothing half done; pineload itself leaves after 25.
STOP_SECONDS = 30


def run_name(run_id: str) -> str:
    """The DAG run's id as pineload takes it in ``--run-id``: the same for a retried task, another for another night."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", run_id)[:128]


def shard_arguments(splits: int, most: int) -> list[list[str]]:
    """``--shard i/n`` for as many shards as there is work for, at most ``most``."""
    shards = max(1, min(splits, most))
    return [["--shard", f"{index}/{shards}"] for index in range(shards)]


def raise_for(exit_code: int, message: str) -> None:
    """Raises what lets Airflow retry, or not."""
    if exit_code == 0:
        return
    if exit_code in FINAL_EXIT_CODES:
        raise AirflowFailException(message)
    raise AirflowException(message)


class PineloadRunner:
    """One process at a time, its events in the task's log, its summary as the result."""

    def __init__(self, command: Sequence[str], env: dict[str, str], log: Any) -> None:
        self.command = list(command)
        self.env = env
        self.log = log
        self.process: subprocess.Popen[str] | None = None

    def run(self, arguments: Sequence[str]) -> tuple[int, dict[str, Any]]:
        """Returns exit code and summary."""
        with tempfile.TemporaryDirectory(prefix="pineload-") as directory:
            summary = os.path.join(directory, "summary.json")
            self.process = subprocess.Popen(
                [*self.command, *arguments],
                env={**os.environ, **self.env, "PINELOAD_SUMMARY_FILE": summary},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                # A group of its own, so that a stop also reaches the child of npx.
                start_new_session=True,
            )
            assert self.process.stderr is not None
            for line in self.process.stderr:
                self.log.info("%s", line.rstrip())
            exit_code = self.process.wait()
            try:
                with open(summary, encoding="utf8") as file:
                    return exit_code, json.load(file)
            except FileNotFoundError:
                return exit_code, {}

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def without_empty(arguments: Sequence[str]) -> list[str]:
    """Leaves out ``--flag=`` whose value, a template, came out empty."""
    return [text for text in arguments if not re.fullmatch(r"--[a-z-]+=", text)]


def describe_failure(exit_code: int, summary: dict[str, Any]) -> str:
    error = summary.get("error") or {}
    text = error.get("message") or summary.get("state") or "no summary"
    return f"pineload ended with {exit_code}: {text} [{error.get('code', '')}]"


class PineloadOperator(BaseOperator):
    """Runs one pineload command on the worker.

    :param arguments: command and flags (templated).
    :param more_arguments: added to them; what a mapped task differs in. ``--flag=`` without a value is left out.
    :param command: how pineload is started.
    :param environment: added to the worker's environment (templated).
    """

    template_fields: Sequence[str] = ("arguments", "more_arguments", "environment")

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        more_arguments: Sequence[str] = (),
        command: Sequence[str] = ("npx", "--yes", "pineload"),
        environment: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.arguments = arguments
        self.more_arguments = more_arguments
        self.command = command
        self.environment = environment or {}
        self._runner: PineloadRunner | None = None

    def execute(self, context: Any) -> Any:
        self._runner = PineloadRunner(self.command, self.environment, self.log)
        exit_code, summary = self._runner.run(without_empty([*self.arguments, *self.more_arguments]))
        if exit_code != 0:
            # What an `on_failure_callback` or a later task may want to know.
            context["ti"].xcom_push(key="summary", value=summary)
            raise_for(exit_code, describe_failure(exit_code, summary))
        return summary

    def on_kill(self) -> None:
        if self._runner is not None:
            self._runner.stop()


class PineloadImportSensor(BaseSensorOperator):
    """Waits for an import to complete. In reschedule mode it holds no worker between two looks.

    :param import_id: the ``id`` in the result of ``import start`` (templated).
    :param arguments: flags that lead to the index (templated).
    """

    template_fields: Sequence[str] = ("import_id", "arguments", "environment")

    def __init__(
        self,
        *,
        import_id: str,
        arguments: Sequence[str],
        command: Sequence[str] = ("npx", "--yes", "pineload"),
        environment: dict[str, str] | None = None,
        mode: str = "reschedule",
        **kwargs: Any,
    ) -> None:
        super().__init__(mode=mode, **kwargs)
        self.import_id = import_id
        self.arguments = arguments
        self.command = command
        self.environment = environment or {}

    def poke(self, context: Any) -> PokeReturnValue:
        runner = PineloadRunner(self.command, self.environment, self.log)
        describe = ["import", "describe", "--id", self.import_id, "--exit-status", *self.arguments]
        exit_code, summary = runner.run(describe)
        if exit_code == STILL_RUNNING:
            return PokeReturnValue(is_done=False)
        raise_for(exit_code, describe_failure(exit_code, summary))
        return PokeReturnValue(is_done=True, xcom_value=summary)
