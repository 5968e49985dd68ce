"""The figures of a run, and what the oracle made of it."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from chaos.watch.feed import Record
from chaos.watch.history import Change
from chaos.watch.objects import INFORMERS
from chaos.watch.oracle import MISSED, Finding, explain

if TYPE_CHECKING:
    from chaos.watch.processes import Proxy, Watcher
    from chaos.watch.writer import Writer

_EXPLAINED = 10   # findings of each informer


@dataclass
class Figures:
    planned_restarts: int = 0
    restarts: int = 0
    compactions: int = 0
    checkpoints: int = 0
    calmed: int = 0             # checkpoints that had to ask for calm
    slowest_checkpoint_seconds: float = 0
    settled_seconds: float = 0  # from the last write to equality
    seconds: float = 0
    writes: int = 0
    resolved: int = 0           # writes whose answer was lost, found done
    events: int = 0
    reconnects: int = 0         # streams opened beyond each informer's first
    relists: int = 0            # lists beyond each informer's first
    resident_mb: float = 0
    watcher: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    _last: tuple[float, int] = (0.0, 0)
    _rate: float = 0

    def checkpoint(self, seconds: float) -> None:
        self.checkpoints += 1
        self.slowest_checkpoint_seconds = max(self.slowest_checkpoint_seconds, seconds)

    def gather(self, seconds: float, writer: "Writer", watcher: "Watcher", proxy: "Proxy") -> None:
        counters = watcher.counters()
        self._rate = (counters["events"] - self._last[1]) / max(seconds - self._last[0], 0.1)
        self._last = (seconds, counters["events"])
        self.seconds, self.writes, self.resolved = seconds, writer.acknowledged, writer.resolved
        self.events = counters["events"]
        self.reconnects = max(counters["opened"] - len(INFORMERS), 0)
        self.relists = max(counters["lists"] - len(INFORMERS), 0)
        self.resident_mb = watcher.resident_bytes() / 1e6
        self.watcher, self.faults = dict(counters), dict(proxy.counters)

    def line(self) -> str:
        return (f"{self.seconds:4.0f} s  writes {self.writes} ({self.writes / max(self.seconds, 1):.0f}/s)  events "
                f"{self.events} ({self._rate:.0f}/s)  reconnects {self.reconnects}  relists {self.relists}  restarts "
                f"{self.restarts}/{self.planned_restarts}  checkpoints {self.checkpoints}  rss {self.resident_mb:.1f} MB")


class Verdict:
    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self._findings: dict[str, list[Finding]] = {}
        self._lines: list[str] = []

    def add(self, what: str, findings: list[Finding], expected: list[Change], feed: list[Record]) -> None:
        self._findings[what] = findings
        for finding in findings[:_EXPLAINED]:
            self._lines += [f"{what}: {finding}", *explain(finding, expected, feed)]
        if len(findings) > _EXPLAINED:
            self._lines.append(f"{what}: and {len(findings) - _EXPLAINED} more")

    @property
    def good(self) -> bool:
        return not any(self._findings.values())

    @property
    def missed(self) -> int:
        return sum(finding.kind == MISSED for findings in self._findings.values() for finding in findings)

    def write(self, folder: Path, settings: Any) -> None:
        figures = {name: value for name, value in asdict(self.figures).items() if not name.startswith("_")}
        (folder / "watch.json").write_text(json.dumps(
            {"settings": asdict(settings), "figures": figures,
             "findings": {what: [str(finding) for finding in found] for what, found in self._findings.items()}},
            indent=2) + "\n")

    def show(self, out: TextIO) -> None:
        figures = self.figures
        for line in self._lines:
            print(line, file=out)
        print(f"faults: {_spelled(figures.faults)}", file=out)
        print(f"watcher: {_spelled(figures.watcher)}", file=out)
        print(f"writes={figures.writes} writes_per_s={figures.writes / max(figures.seconds, 1):.0f} "
              f"resolved={figures.resolved} restarts={figures.restarts} compactions={figures.compactions} "
              f"checkpoints={figures.checkpoints} calmed={figures.calmed} "
              f"slowest_checkpoint_s={figures.slowest_checkpoint_seconds:.1f} settled_s={figures.settled_seconds:.1f} "
              f"rss_mb={figures.resident_mb:.1f}", file=out)
        kinds = Counter(finding.kind for findings in self._findings.values() for finding in findings)
        if kinds:
            print(f"findings: {_spelled(kinds)}", file=out)
        print(f"chaos watch: events={figures.events} reconnects={figures.reconnects} relists={figures.relists} "
              f"missed={self.missed}", file=out, flush=True)


def _spelled(counters: dict[str, int]) -> str:
    return " ".join(f"{name.replace(' ', '_')}={value}" for name, value in sorted(counters.items()))
