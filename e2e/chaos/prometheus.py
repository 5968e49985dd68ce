"""Prometheus is down, silent, slow or wrong in every way of prometheus_faults/answers.py for ten minutes, while the
load falls to a quarter and the operator is killed twice: no count may fall, every backend has to say what is wrong all
the time, and once the answers are right again everything scales by itself. Results are in out/chaos/. Exit code 1:
something was scaled in, or not told.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass

from chaos import control_plane
from harness import cluster as clusters
from harness import release
from harness.cluster import OUT
from harness.kube import Kube
from harness.namespaces import fresh_namespace
from harness.steps import Steps, say
from prometheus_faults.answers import FAULTS
from prometheus_faults.matrix import BUSY, FALLBACK_PODS, PODS, QUIET, Matrix, Watched
from prometheus_faults.stand_ins import StandIns

_LOOK_SECONDS = 10.0
_TELL_SECONDS = 90.0      # a fault, or a killed operator, is told by then
_RECOVERY_SECONDS = 120.0


@dataclass(frozen=True)
class Settings:
    seconds: float
    kills: int
    keep: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=600, help="how long the answers are wrong (%(default)g)")
    parser.add_argument("--kills", type=int, default=2, help="of the operator meanwhile (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave a cluster up that had to be started")


def settings_of(arguments: argparse.Namespace) -> Settings:
    return Settings(arguments.seconds, arguments.kills, arguments.keep)


def run(settings: Settings) -> int:
    folder = OUT / "chaos"
    folder.mkdir(parents=True, exist_ok=True)
    with control_plane.borrowed(1, settings.keep):
        with Steps(OUT / "log") as steps:
            # No pod of these backends runs, so the operator's image is all that is needed.
            steps.run("operator", ["app/images/build", "--load", "operator"], 3600)
        cluster = clusters.local()
        release.install(cluster)
        kube = Kube(cluster.kubeconfig)
        with fresh_namespace(kube, "prometheus") as namespace, StandIns() as prometheus:
            prometheus.turn(faulty=False, value=BUSY)
            matrix = Matrix(kube, namespace, prometheus)
            matrix.scale_to_four()
            say(f"chaos prometheus: {matrix.workloads} workloads have {PODS} pods; {len(FAULTS)} faults for "
                f"{settings.seconds:g} s")
            watched, unsaid = _wrong(settings, kube, matrix, prometheus)
            recovery = _right(matrix, prometheus)
    verdict = {"seconds": round(settings.seconds), "faults": len(FAULTS), "workloads": matrix.workloads,
               "scale_ins": len(watched.scale_ins), "unsaid": len(unsaid), "operator_kills": settings.kills,
               "recovery_s": round(recovery, 1)}
    (folder / "prometheus.json").write_text(json.dumps(
        {**verdict, "changes": watched.changes, "unsaid_at": unsaid}, indent=1))
    for change in watched.scale_ins:
        print(f"scaled in: {change}", file=sys.stderr)
    for at, what in unsaid:
        print(f"not told at {at:g} s: {what}", file=sys.stderr)
    print("chaos prometheus: " + " ".join(f"{name}={value}" for name, value in verdict.items()))
    return 1 if watched.scale_ins or unsaid else 0


def _wrong(settings: Settings, kube: Kube, matrix: Matrix,
           prometheus: StandIns) -> tuple[Watched, list[tuple[float, dict]]]:
    """What was scaled meanwhile, and what was not told at which time although there had been time to."""
    kills = [settings.seconds * (i + 1) / (settings.kills + 1) for i in range(settings.kills)]
    unsaid: list[tuple[float, dict]] = []
    with matrix.counts_watched() as watched:
        prometheus.turn(faulty=True, value=QUIET)
        began = told_by = time.monotonic()
        show_at = 0.0
        while (at := time.monotonic() - began) < settings.seconds:
            if kills and at >= kills[0]:
                kills.pop(0)
                _kill_operator(kube)
                told_by = time.monotonic()
            if time.monotonic() - told_by > _TELL_SECONDS and (lacking := matrix.all_unsaid()):
                unsaid.append((round(at, 1), lacking))
            if at >= show_at:
                show_at += 60
                say(f"chaos prometheus: {at:.0f} s, {len(watched.scale_ins)} scale-ins, {len(unsaid)} times untold")
            time.sleep(_LOOK_SECONDS)
        matrix.until_counts(PODS, FALLBACK_PODS, _TELL_SECONDS)
    return watched, unsaid


def _right(matrix: Matrix, prometheus: StandIns) -> float:
    """Seconds until every backend knows its metric again; then they follow it."""
    prometheus.turn(faulty=False, value=BUSY)
    recovery = matrix.until_fresh(_RECOVERY_SECONDS)
    matrix.until_counts(PODS, PODS, _RECOVERY_SECONDS)
    prometheus.turn(faulty=False, value=QUIET)
    matrix.until_counts(1, 1, _RECOVERY_SECONDS)
    return recovery


def _kill_operator(kube: Kube) -> None:
    """As a node that dies takes it: without notice. Its Deployment makes another one."""
    for pod in kube.list("Pod", release.NAMESPACE, f"app.kubernetes.io/name={release.NAME}"):
        kube.delete("Pod", release.NAMESPACE, pod["metadata"]["name"], grace_seconds=0)
    say("chaos prometheus: the operator was killed")
