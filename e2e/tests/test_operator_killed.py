"""An operator that dies half-way must leave nothing half-done for good."""

import random
import time

from harness import operator_pods, release


def test_killed_during_the_first_reconcile_it_still_finishes(backend, kube, api):
    """Nodes reboot and pods are evicted at the worst moment; the user's backend must come up all the same, and the
    same as ever."""
    seed = int(time.time())
    print(f"seed {seed}")   # shown on failure
    moments = random.Random(seed)
    backend.apply()
    for _ in range(5):
        time.sleep(moments.uniform(0.05, 1.5))   # the moment is the point, not a wait
        operator_pods.kill_all(kube)
        operator_pods.until_running(kube)
    backend.until_ready()
    killed = set(backend.children())
    calm = type(backend)(kube, api, backend.namespace, backend.spec, name="calm").apply().until_ready()
    undisturbed = {name.replace("calm", "todo") for name in calm.children()}
    # The migration Job is named after its content, which has the backend's name in it.
    assert {_kind(name) for name in killed} == {_kind(name) for name in undisturbed}
    assert len([name for name in killed if name.startswith("Job/")]) == 1
    backend.assert_serves()


def test_the_standby_takes_over(backend, kube, figure):
    """While nobody leads, nothing is repaired and no new backend comes up."""
    operator_pods.until_all_ready(kube)
    killed = operator_pods.leader(kube)
    name = killed["metadata"]["name"]
    start = time.monotonic()
    operator_pods.kill(kube, killed)
    kube.until("Lease", release.NAMESPACE, lambda found: found and _is_other(found[0]["spec"].get("holderIdentity"), name),
               60, f"another leader than {name}", name=release.NAME)
    figure("takeover_s", time.monotonic() - start)   # the bound is 20 s
    backend.apply()   # and it does lead
    kube.until("Deployment", backend.namespace, lambda found: found, 60, "the new leader reconciles", name="todo-api")
    operator_pods.until_all_ready(kube)


def _is_other(holder, name):
    return bool(holder) and not holder.startswith(name)


def _kind(name):
    return name.rsplit("-", 1)[0] if name.startswith("Job/") else name
