"""The cluster's certificate authorities and the certificates and kubeconfigs of everyone who speaks TLS in it."""

import base64
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cluster import network, paths
from cluster.errors import ClusterError

DAYS = "365"
CA = "ca"
FRONT_PROXY_CA = "front-proxy-ca"
IN_CLUSTER_SERVER = f"https://{network.CONTROL_IP}:6443"

# Without it, OpenSSL's own configuration would make every certificate an authority.
OPENSSL_CONFIG = "[req]\ndistinguished_name = subject\n[subject]\n"


@dataclass(frozen=True)
class Identity:
    """Who a certificate is for; `hosts` in OpenSSL's words (IP:..., DNS:...)."""

    name: str
    subject: str
    hosts: tuple[str, ...] = ()
    issuer: str = CA


CONTROL_PLANE = (
    Identity(
        "apiserver",
        "/CN=kube-apiserver",
        (
            "IP:127.0.0.1",
            f"IP:{network.CONTROL_IP}",
            f"IP:{network.API_SERVICE_IP}",
            "DNS:localhost",
            "DNS:kubernetes",
            "DNS:kubernetes.default",
            "DNS:kubernetes.default.svc",
            "DNS:kubernetes.default.svc.cluster.local",
        ),
    ),
    Identity("admin", "/O=system:masters/CN=admin"),
    Identity("kube-controller-manager", "/CN=system:kube-controller-manager"),
    Identity("kube-scheduler", "/CN=system:kube-scheduler"),
    Identity("kube-proxy", "/CN=system:kube-proxy"),
    Identity("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
    Identity("front-proxy-client", "/CN=front-proxy-client", issuer=FRONT_PROXY_CA),
)


def node_identity(name: str, address: str) -> Identity:
    return Identity(name, f"/O=system:nodes/CN=system:node:{name}", (f"IP:{address}", f"DNS:{name}"))


def certificate(name: str) -> Path:
    return paths.PKI / f"{name}.crt"


def key(name: str) -> Path:
    return paths.PKI / f"{name}.key"


def issue_control_plane() -> None:
    """Makes both authorities, the service account key pair and every certificate of the control plane."""
    paths.PKI.mkdir(parents=True, exist_ok=True, mode=0o700)
    _config().write_text(OPENSSL_CONFIG)
    _issue_authority(CA, "/CN=kubernetes")
    _issue_authority(FRONT_PROXY_CA, "/CN=front-proxy-ca")
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key("service-account"))
    _openssl("ec", "-in", key("service-account"), "-pubout", "-out", paths.PKI / "service-account.pub")
    with ThreadPoolExecutor() as pool:
        list(pool.map(issue, CONTROL_PLANE))


def issue(identity: Identity) -> None:
    extensions = ["basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"]
    if identity.hosts:
        extensions.append("subjectAltName=" + ",".join(identity.hosts))
    _request(
        identity.name,
        identity.subject,
        ["-CA", certificate(identity.issuer), "-CAkey", key(identity.issuer)],
        extensions,
    )


def write_kubeconfig(path: Path, identity: str, server: str) -> None:
    """A kubeconfig that stands alone: the certificates are inside."""
    path.touch(mode=0o600)
    path.write_text(kubeconfig(server, certificate(CA), certificate(identity), key(identity)))


def kubeconfig(server: str, ca: Path, client: Path, client_key: Path) -> str:
    def embedded(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    return f"""apiVersion: v1
kind: Config
current-context: scalablebackend
contexts:
- name: scalablebackend
  context: {{cluster: scalablebackend, user: scalablebackend}}
clusters:
- name: scalablebackend
  cluster:
    server: {server}
    certificate-authority-data: {embedded(ca)}
users:
- name: scalablebackend
  user:
    client-certificate-data: {embedded(client)}
    client-key-data: {embedded(client_key)}
"""


def _issue_authority(name: str, subject: str) -> None:
    _request(name, subject, [], ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])


def _request(name: str, subject: str, signing: list[str | Path], extensions: list[str]) -> None:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    output = ["-keyout", key(name), "-out", certificate(name), "-subj", subject, "-days", DAYS]
    added = [argument for extension in extensions for argument in ("-addext", extension)]
    _openssl("req", "-x509", "-config", _config(), *curve, *output, *signing, *added)


def _config() -> Path:
    return paths.PKI / "openssl.cnf"


def _openssl(*argv: str | Path) -> None:
    finished = subprocess.run(["openssl", *argv], capture_output=True, text=True)
    if finished.returncode != 0:
        raise ClusterError(f"openssl {argv[0]} failed: {finished.stderr.strip()}; OpenSSL 3 is needed")
