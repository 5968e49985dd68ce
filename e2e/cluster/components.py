"""The programs that the cluster is made of, built from Go modules with pinned versions and checksums.

A finished program is put into the cache under a name that says what it was built from, by an atomic rename: it is
there whole or not at all, and an interrupted build goes on where it was (Go's own build cache has the pieces).

    CACHE/store/coredns-3f1c.../coredns      one folder a program, shared by all versions of this repository
    CACHE/<key>/bin/coredns -> the above     what this version of the repository uses
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster import paths
from cluster.errors import ClusterError
from cluster.go import ensure_go, environment
from cluster.locking import exclusive
from cluster.progress import say

KUBERNETES = "v1.34.4"
BUILD_SECONDS = 3600


@dataclass(frozen=True)
class Program:
    """`package` is a main package: `path@version`, or a folder of our own module when it starts with a dot.

    With `main`, `package` is `module@version` and `main` the folder in it: a module whose go.mod has replacements, which
    `go install` refuses, is built from its own sources. `replaced` are files of it that ours, in COMPONENTS, stand in for.
    """

    name: str
    package: str
    variables: tuple[str, ...] = ()
    main: str = ""
    replaced: tuple[tuple[str, str], ...] = ()

    def is_ours(self) -> bool:
        return self.package.startswith("./")

    def arguments(self) -> list[str]:
        linker = " ".join(["-s -w", *(f"-X {variable}" for variable in self.variables)])
        return ["-trimpath", "-buildvcs=false", "-ldflags", linker]

    def toolchain(self) -> dict[str, str]:
        """A module's own sources name the Go that they need, which then is fetched as a module, by checksum."""
        return {"GOTOOLCHAIN": "auto"} if self.main else {}

    def key(self) -> str:
        """Changes with anything that the program is built from."""
        digest = hashlib.sha256(repr((self, self.arguments())).encode())
        sources = [paths.COMPONENTS / ours for _, ours in self.replaced]
        if self.is_ours():
            own = (source for source in paths.COMPONENTS.rglob("*.go") if not source.name.endswith("_test.go"))
            sources += [*own, *paths.COMPONENTS.glob("go.*")]
        for source in sorted(sources):
            digest.update(source.read_bytes())
        return digest.hexdigest()[:16]

    def stored(self) -> Path:
        return paths.CACHE / "store" / f"{self.name}-{self.key()}" / self.name


KUBE = Program(
    "kube",
    "./kube",
    variables=(
        f"k8s.io/component-base/version.gitVersion={KUBERNETES}",
        "k8s.io/component-base/version.gitMajor=1",
        "k8s.io/component-base/version.gitMinor=34",
    ),
)

PROGRAMS = (
    KUBE,
    Program("pause", "./pause"),
    Program("coredns", "github.com/coredns/coredns@v1.12.4"),
    Program("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server@v0.7.2"),
    # Debian's Prometheus is built without Kubernetes service discovery; the whole one has thirty kinds of discovery,
    # each with a cloud's client library, of which this cluster needs one.
    Program(
        "prometheus",
        "github.com/prometheus/prometheus@v0.308.1",
        main="./cmd/prometheus",
        replaced=(("plugins/plugins.go", "prometheus/plugins.go.txt"),),
    ),
    Program("helm", "helm.sh/helm/v3/cmd/helm@v3.19.0"),
    Program("k6", "go.k6.io/k6@v1.3.0"),
    Program("kustomize", "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"),
    Program("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0"),
)

# What only benches need: nodes and pods that nobody runs, and what people use today.
KWOK = Program("kwok", "sigs.k8s.io/kwok/cmd/kwok@v0.7.0")
KEDA = "v2.19.0"
_KEDA_VARIABLES = (f"github.com/kedacore/keda/v2/version.Version={KEDA.removeprefix('v')}",)
KEDA_OPERATOR = Program("keda-operator", f"github.com/kedacore/keda/v2@{KEDA}", _KEDA_VARIABLES, "./cmd/operator")
KEDA_ADAPTER = Program("keda-adapter", f"github.com/kedacore/keda/v2@{KEDA}", _KEDA_VARIABLES, "./cmd/adapter")


def bin_folder() -> Path:
    everything = hashlib.sha256("".join(program.key() for program in PROGRAMS).encode()).hexdigest()
    return paths.CACHE / everything[:16] / "bin"


def binary(name: str) -> Path:
    """The built program, under its real name: nodes see it at the same path."""
    return next(program for program in PROGRAMS if program.name == name).stored()


def needed(nodes: int | None) -> tuple[Program, ...]:
    """What a cluster of so many nodes is made of: without any, it is the control plane alone."""
    return (KUBE,) if nodes == 0 else PROGRAMS


def build(wanted: Sequence[Program] = PROGRAMS) -> None:
    """Builds what the cache does not have yet."""
    if _missing(wanted) or not (bin_folder() / "kubectl").exists():
        with exclusive(paths.CACHE / "build.lock", "builds the components", BUILD_SECONDS):
            _build_missing(wanted)


def _missing(wanted: Sequence[Program]) -> list[Program]:
    return [program for program in wanted if not program.stored().exists()]


def _build_missing(wanted: Sequence[Program]) -> None:
    missing = _missing(wanted)
    if missing:
        go = ensure_go()
        say(f"cluster: building {len(missing)} components; all of them take 10 to 20 minutes")
        for number, program in enumerate(missing, 1):
            started = time.monotonic()
            _build(go, program)
            say(f"[{number:>2}/{len(missing)}] {program.name} built in {time.monotonic() - started:.0f} s")
    _link_all()


def _build(go: Path, program: Program) -> None:
    target = program.stored()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command, where = _command(go, program, Path(folder))
        # Whoever works on this machine meanwhile goes first.
        built = subprocess.run(
            ["nice", "-n", "10", *command],
            cwd=where,
            env={**environment(), **program.toolchain(), "GOBIN": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if built.returncode != 0:
            last = " | ".join(built.stdout.strip().splitlines()[-5:])
            raise ClusterError(f"{program.name} was not built: {last}; fix it, then run again: what is built is kept")
        os.replace(Path(folder) / program.name, target)


def _command(go: Path, program: Program, folder: Path) -> tuple[list[str | Path], Path]:
    """What builds the program into `folder`, and where to run it."""
    if program.main:
        sources = _copy_with_replacements(go, program, folder / "sources")
        return [go, "build", *program.arguments(), "-o", folder / program.name, program.main], sources
    if program.is_ours():
        return [go, "build", *program.arguments(), "-o", folder / program.name, program.package], paths.COMPONENTS
    return [go, "install", *program.arguments(), program.package], folder


def _copy_with_replacements(go: Path, program: Program, copy: Path) -> Path:
    """The module's sources, checksum verified by Go, with our files in place of theirs."""
    found = subprocess.run(
        [go, "mod", "download", "-json", program.package],
        cwd=copy.parent,
        env=environment(),
        capture_output=True,
        text=True,
    )
    if found.returncode != 0:
        reason = (found.stderr or found.stdout).strip()
        raise ClusterError(f"{program.package} could not be had: {reason}; check GOPROXY")
    shutil.copytree(json.loads(found.stdout)["Dir"], copy, copy_function=shutil.copyfile)
    for theirs, ours in program.replaced:
        shutil.copyfile(paths.COMPONENTS / ours, copy / theirs)
    return copy


def _link_all() -> None:
    folder = bin_folder()
    folder.mkdir(parents=True, exist_ok=True)
    links = {program.name: program for program in PROGRAMS if program.stored().exists()} | {"kubectl": KUBE}
    for name, program in links.items():
        beside = folder / f".{name}.{os.getpid()}"
        beside.symlink_to(os.path.relpath(program.stored(), folder))
        os.replace(beside, folder / name)
