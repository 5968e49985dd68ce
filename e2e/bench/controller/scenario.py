"""How much of everything there is, and how long each figure is watched."""

from dataclasses import dataclass

NAMESPACE = "bench"
FOREIGN_NAMESPACE = "bench-foreign"
GROUP = "bench.scalablebackend.io"
PODS_PER_WIDGET = 10
OWN_SECRETS = 10  # that the managers' selector finds


@dataclass(frozen=True)
class Scenario:
    widgets: int = 1000
    secrets: int = 30_000   # nobody's business: another namespace, no label of ours
    updates: int = 5000
    updates_per_second: int = 250
    changed_unseen: int = 500   # pods that change behind a manager's back before it has to relist
    idle_seconds: float = 30
    quiet_seconds: float = 5    # after what shook everything, before the next figure
    spin_seconds: float = 10
    rounds: int = 2
    backends: int = 1000    # ScalableBackends, with --operator

    @property
    def pods(self) -> int:
        return self.widgets * PODS_PER_WIDGET


FULL = Scenario()
QUICK = Scenario(widgets=100, secrets=1000, updates=500, changed_unseen=50, idle_seconds=3, quiet_seconds=1, spin_seconds=2,
                 rounds=1, backends=20)
