"""The objects of the soak: ConfigMaps and a small custom resource, and what of their content is compared."""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaos.watch.history import Labels

NAMESPACE = "chaos-watch"
GROUP = "chaos.scalablebackend.io"

# What breaks parsers that look at bytes instead of characters, or at chunks instead of lines.
_TEXTS = ("plain ", "naïve ", "漢字", "☃\u2028", "𝄞 clef ", "line\nbreak\r\n", 'quote" back\\slash ', "\u0001\u007f\t", "}{][,: ")


@dataclass(frozen=True)
class Kind:
    """A collection: where the API server and etcd keep it."""

    group: str
    version: str
    plural: str
    kind: str
    content: str        # the field that holds what is written
    count: int          # how many names there are
    prefix: str         # of the names

    @property
    def collection(self) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{NAMESPACE}/{self.plural}"

    @property
    def etcd_prefix(self) -> str:
        return f"/registry/{self.group + '/' if self.group else ''}{self.plural}/{NAMESPACE}/"

    def names(self) -> list[str]:
        return [f"{self.prefix}{number}" for number in range(self.count)]

    def body(self, name: str, labels: Labels, content: dict[str, Any], sequence: int) -> dict[str, Any]:
        return {"apiVersion": f"{self.group}/{self.version}" if self.group else self.version, "kind": self.kind,
                "metadata": {"name": name, "namespace": NAMESPACE, "labels": dict(labels),
                             "annotations": {"chaos.scalablebackend.io/sequence": str(sequence)}},
                self.content: content}


CONFIG_MAPS = Kind("", "v1", "configmaps", "ConfigMap", "data", 550, "c")
WIDGETS = Kind(GROUP, "v1", "widgets", "Widget", "spec", 100, "w")
KINDS = (CONFIG_MAPS, WIDGETS)

WIDGET_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": f"widgets.{GROUP}"},
    "spec": {"group": GROUP, "scope": "Namespaced",
             "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {
                     "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]},
}


@dataclass(frozen=True)
class Watched:
    """One informer of chaos_watch."""

    name: str
    kind: Kind
    label_selector: str
    selects: Callable[[Labels], bool]
    metadata_only: bool = False
    streaming_list: bool = False

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "group": self.kind.group, "version": self.kind.version, "plural": self.kind.plural,
                "kind": self.kind.kind, "label_selector": self.label_selector, "metadata_only": self.metadata_only,
                "streaming_list": self.streaming_list}


def _all(_: Labels) -> bool:
    return True


INFORMERS = (
    Watched("configmaps", CONFIG_MAPS, "", _all),
    Watched("blue", CONFIG_MAPS, "pool=blue", lambda labels: labels.get("pool") == "blue"),
    Watched("metadata", CONFIG_MAPS, "", _all, metadata_only=True),
    Watched("widgets", WIDGETS, "", _all),
    Watched("streamed", WIDGETS, "", _all, streaming_list=True),
)


def random_labels(chance: random.Random) -> dict[str, str]:
    return {"app": "chaos", "pool": chance.choice(("blue", "red"))}


def random_content(kind: Kind, chance: random.Random, sequence: int) -> dict[str, Any]:
    """Mostly small; one in a hundred is far larger than any buffer on the way."""
    size = chance.randint(60_000, 200_000) if chance.random() < 0.01 else int(40 * 10 ** chance.uniform(0, 1.7))
    text = chance.choice(_TEXTS)
    text = "".join(chance.choices(_TEXTS, k=min(size // len(text), 40))) + text * (size // len(text))
    if kind.content == "data":
        return {"sequence": str(sequence), "text": text}
    return {"sequence": sequence, "text": text, "list": [{"b": 1, "a": [True, None, "ü"]}] * chance.randint(0, 3)}


def digest(thing: dict[str, Any], metadata_only: bool = False) -> str:
    """The same as ContentHash in feed.h makes of what an informer has."""
    metadata = thing["metadata"]
    content = {part: metadata[part] for part in ("labels", "annotations") if part in metadata}
    content |= {part: thing[part] for part in ("data", "spec") if part in thing and not metadata_only}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
