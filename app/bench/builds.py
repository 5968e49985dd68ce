"""The programs that are compared: built, or installed, by the project's own scripts."""

import os
import shutil
import subprocess
from pathlib import Path

from harness.cluster import OUT, REPOSITORY
from harness.failure import Failure
from harness.steps import Steps

_HERE = Path(__file__).resolve().parent
_REQUIREMENTS = _HERE / "fastapi/requirements.txt"
_AXUM_TARGET = REPOSITORY / "build/bench/axum"
OURS = REPOSITORY / "build/release/app/todo"
AXUM = _AXUM_TARGET / "release/todo-axum"
_SECONDS = 3600.0


def build(peers: list[str], compile_ours: bool) -> None:
    """What `peers` need, side by side. Without `compile_ours` the binary is taken as it is."""
    environment = {**os.environ, "PRESET": "release", "CARGO_TARGET_DIR": str(_AXUM_TARGET)}
    with Steps(OUT / "log") as steps:
        steps.run("Debian packages", [_script("setup/debian.sh"), *(["build"] if compile_ours else []), "bench"], _SECONDS)
        if compile_ours:
            steps.start("C++ build", [_script("setup/build.sh"), "todo"], environment)
        if "fastapi" in peers:
            steps.start("FastAPI", [_script("setup/python.sh"), str(_REQUIREMENTS)])
        if any(peer.startswith("axum") for peer in peers):
            steps.start("axum", [_cargo(), "build", "--release", "--locked", "--manifest-path",
                                 str(_HERE / "axum/Cargo.toml")], environment)
        steps.finish(_SECONDS)
    if not OURS.exists():
        raise Failure(f"{OURS} is missing: run setup/build.sh todo")


def fastapi_python() -> Path:
    done = subprocess.run([_script("setup/python.sh"), str(_REQUIREMENTS)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"setup/python.sh: {done.stderr.strip()}")
    return Path(done.stdout.strip())


def _cargo() -> str:
    """rustup's need not be on PATH."""
    found = shutil.which("cargo") or shutil.which("cargo", path=str(Path.home() / ".cargo/bin"))
    if found is None:
        raise Failure("no cargo: run setup/debian.sh bench")
    return found


def _script(name: str) -> str:
    return str(REPOSITORY / name)
