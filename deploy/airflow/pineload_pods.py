"""Runs pineload as Airflow tasks in pods of their own.

As ``pineload_tasks``, with the container of deploy/Dockerfile instead of a process on the worker. The summary is what
the pod leaves in ``/airflow/xcom/return.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowRescheduleException
from kubernetes.client import models as k8s
from pineload_tasks import FINAL_EXIT_CODES, STILL_RUNNING, without_empty

#: The user of deploy/Dockerfile.
USER = 65532


class PineloadPodOperator(KubernetesPodOperator):
    """Runs one pineload command in a pod that may do nothing but that.

    :param arguments: command and flags (templated).
    :param more_arguments: added to them; what a mapped task differs in. ``--flag=`` without a value is left out.
    :param reschedule_seconds: for ``import watch --timeout``: when waiting timed out (exit code 7), the task gives its
        worker back and looks again after so many seconds, as a sensor in reschedule mode does.
    :param scratch: size limit of the volume for temporary files.
    :param secret: Kubernetes secret with the key ``api-key``.
    :param config: Kubernetes config map with PINELOAD_* variables.
    """

    template_fields: Sequence[str] = (*KubernetesPodOperator.template_fields, "more_arguments")

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        more_arguments: Sequence[str] = (),
        reschedule_seconds: float | None = None,
        scratch: str = "8Gi",
        memory: str = "1Gi",
        secret: str = "pineload",
        config: str = "pineload",
        env_vars: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        # Airflow passes default arguments to every class of the line; these are this class's own.
        settings: dict[str, Any] = {
            "name": "pineload",
            "service_account_name": "pineload",
            "automount_service_account_token": False,
            "do_xcom_push": True,
            "reattach_on_restart": True,
            "log_events_on_failure": True,
            "termination_grace_period": 60,
            # Lets the webhook of Azure's workload identity in; means nothing elsewhere.
            "labels": {"app.kubernetes.io/name": "pineload", "azure.workload.identity/use": "true"},
            "env_from": [k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name=config))],
            "env_vars": {
                "PINELOAD_JSON": "true",
                "PINELOAD_TMP_DIR": "/scratch",
                "PINELOAD_SUMMARY_FILE": "/airflow/xcom/return.json",
                "PINELOAD_STOP_GRACE": "50s",
                "PINECONE_API_KEY_FILE": "/secrets/api-key",
                **(env_vars or {}),
            },
            "volumes": [
                k8s.V1Volume(name="scratch", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit=scratch)),
                k8s.V1Volume(
                    name="key", secret=k8s.V1SecretVolumeSource(secret_name=secret, default_mode=0o440)
                ),
            ],
            "volume_mounts": [
                k8s.V1VolumeMount(name="scratch", mount_path="/scratch"),
                k8s.V1VolumeMount(name="key", mount_path="/secrets", read_only=True),
            ],
            "container_resources": k8s.V1ResourceRequirements(
                requests={"cpu": "1", "memory": memory, "ephemeral-storage": scratch},
                limits={"memory": memory},
            ),
            "security_context": k8s.V1PodSecurityContext(
                run_as_non_root=True,
                run_as_user=USER,
                run_as_group=USER,
                fs_group=USER,
                seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
            ),
            "container_security_context": k8s.V1SecurityContext(
                allow_privilege_escalation=False,
                read_only_root_filesystem=True,
                capabilities=k8s.V1Capabilities(drop=["ALL"]),
            ),
        }
        super().__init__(arguments=list(arguments), **{**settings, **kwargs})
        self.more_arguments = more_arguments
        self.reschedule_seconds = reschedule_seconds

    def execute(self, context: Any) -> Any:
        self.arguments = without_empty([*self.arguments, *self.more_arguments])
        return super().execute(context)

    def build_pod_request_obj(self, context: Any = None) -> k8s.V1Pod:
        """Lets the provider's own container, which hands the summary over, do no more than pineload's may."""
        pod = super().build_pod_request_obj(context)
        for container in pod.spec.containers:
            container.security_context = container.security_context or k8s.V1SecurityContext(
                allow_privilege_escalation=False,
                read_only_root_filesystem=True,
                capabilities=k8s.V1Capabilities(drop=["ALL"]),
            )
        return pod

    def cleanup(self, pod: Any, remote_pod: Any, xcom_result: Any = None, context: Any = None) -> None:
        """Lets exit codes decide, where the provider knows a failure only."""
        try:
            super().cleanup(pod, remote_pod, xcom_result, context)
        except AirflowException as failure:
            exit_code = self._exit_code(remote_pod)
            if exit_code == STILL_RUNNING and self.reschedule_seconds is not None:
                later = datetime.now(timezone.utc) + timedelta(seconds=self.reschedule_seconds)
                raise AirflowRescheduleException(later) from failure
            if exit_code in FINAL_EXIT_CODES:
                raise AirflowFailException(f"pineload ended with {exit_code}: {failure}") from failure
            raise

    def _exit_code(self, pod: Any) -> int | None:
        statuses = (pod.status.container_statuses if pod is not None and pod.status else None) or []
        for status in statuses:
            if status.name == self.base_container_name and status.state and status.state.terminated:
                return status.state.terminated.exit_code
        return None
