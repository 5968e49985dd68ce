"""Runs an image out of out/images the way a restricted pod does: read-only root, its own user, no capability, no network
but its own loopback. For the tests of the images; it needs root and runc, and no cluster.

    with Container(image, mounts={"/data": volume}, writable=["/run/redis"], environment={...}) as redis:
        redis.run("redis-ready")
"""

import json
import shutil
import subprocess
import tarfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """An unpacked image: its root, and the configuration that a kubelet would read."""

    root: Path
    config: dict

    @property
    def user(self) -> int:
        return int(self.config["User"].split(":")[0])


def unpack(archive: Path, into: Path) -> Image:
    """Unpacks a docker-archive with one image."""
    with tarfile.open(archive) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))[0]
        config = json.load(outer.extractfile(manifest["Config"]))["config"]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                inner.extractall(into, numeric_owner=True)
    return Image(into, config)


class Container:
    """A running container. `mounts` maps paths to host directories, `writable` are fresh tmpfs (emptyDir)."""

    def __init__(self, image, bundle: Path, *, mounts=None, files=None, writable=(), environment=None, arguments=()):
        self.name = f"imagetest-{uuid.uuid4().hex[:12]}"
        self.image = image
        self.bundle = bundle
        self.log = bundle / "log"
        shutil.rmtree(bundle, ignore_errors=True)
        bundle.mkdir(parents=True)
        variables = {**dict(v.split("=", 1) for v in image.config["Env"]), **(environment or {})}
        command = [*(image.config.get("Entrypoint") or []), *(arguments or image.config.get("Cmd") or [])]
        volumes = [
            {"destination": path, "type": "bind", "source": str(source), "options": ["rbind", mode]}
            for mapping, mode in ((mounts or {}, "rw"), (files or {}, "ro"))
            for path, source in mapping.items()
        ] + [
            {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777", "size=64m"]}
            for path in ("/tmp", "/dev/shm", *writable)
        ]
        configuration = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": image.user, "gid": image.user},
                "args": command,
                "env": [f"{key}={value}" for key, value in variables.items()],
                "cwd": image.config.get("WorkingDir") or "/",
                "noNewPrivileges": True,
                "capabilities": {},
            },
            "root": {"path": str(image.root), "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                *volumes,
            ],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
        }
        (bundle / "config.json").write_text(json.dumps(configuration))
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(
            ["runc", "run", "--bundle", str(self.bundle), self.name],
            stdin=subprocess.DEVNULL, stdout=self.log.open("wb"), stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(self, *_):
        subprocess.run(["runc", "delete", "--force", self.name], capture_output=True, check=False)
        self._process.wait(30)

    def run(self, *command, user=None) -> subprocess.CompletedProcess:
        """Runs a command inside, as `kubectl exec` or a probe does."""
        identity = user if user is not None else self.image.user
        return subprocess.run(
            ["runc", "exec", "--user", f"{identity}:{identity}", self.name, *command],
            capture_output=True, text=True, timeout=30, check=False,
        )

    def kill(self, signal: str) -> None:
        subprocess.run(["runc", "kill", self.name, signal], capture_output=True, check=False)

    def wait(self, seconds: float = 30) -> int:
        """The exit code of the first process."""
        return self._process.wait(seconds)

    def wait_until(self, *command, seconds: float = 30) -> float:
        """Waits until `command` succeeds inside; how long that took."""
        started = time.monotonic()
        while self.run(*command).returncode != 0:
            if self._process.poll() is not None:
                raise AssertionError(f"the container ended with {self._process.returncode}:\n{self.output()}")
            if time.monotonic() - started > seconds:
                raise AssertionError(f"{command} did not succeed in {seconds} s:\n{self.output()}")
            time.sleep(0.05)
        return time.monotonic() - started

    def output(self) -> str:
        return self.log.read_text(errors="replace")
