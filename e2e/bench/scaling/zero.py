"""From zero: how long after its metric rises a backend answers through its Service, and what it answers until then."""

import base64
import collections
import http.client
import socket
import threading
import time
from dataclasses import dataclass, field

from bench.controller.progress import Bar
from bench.scaling import waves
from bench.scaling.decisions import until_ready
from bench.scaling.scenario import NAMESPACE, STORE, Scenario, zero_backend, zero_name
from cluster import lifecycle, network
from harness.api import Api
from harness.failure import Failure

_EVERY = 0.02
_ASK_SECONDS = 1.0
_LEAD_SECONDS = 15.0
_SHARE = 0.35    # of a period in which the metric is above its activation
_DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"


@dataclass
class Zero:
    """Seconds to the first 200 of each time, and how often what was answered before it."""

    seconds: list[float] = field(default_factory=list)
    meanwhile: collections.Counter[str] = field(default_factory=collections.Counter)


def measure(api: Api, scenario: Scenario, apply) -> Zero:
    _share_the_stores(api, apply)
    numbers, far = range(scenario.zero_backends), time.time() + 1e6
    high = _SHARE * scenario.zero_period_seconds
    for number, wave in zip(numbers, waves.spread(len(numbers), far, scenario.zero_period_seconds, high)):
        apply(zero_backend(number, wave))
    for number in numbers:
        _until_at_zero(api, number)
    plan = waves.spread(len(numbers), time.time() + _LEAD_SECONDS, scenario.zero_period_seconds, high)
    for number, wave in zip(numbers, plan):
        apply(zero_backend(number, wave))
    results = [Zero() for _ in numbers]
    failures: list[BaseException] = []
    addresses = [_address(api, number) for number in numbers]
    ends = max(wave.begin for wave in plan) + (scenario.zero_cycles - 1 + _SHARE) * scenario.zero_period_seconds

    def watch(number: int) -> None:
        try:
            for step in plan[number].steps(plan[number].begin + scenario.zero_cycles * scenario.zero_period_seconds - 1):
                _until_at_zero(api, number, step - time.time())
                time.sleep(max(step - time.time(), 0))
                network.inside(_node(), lambda at=step: _until_200(addresses[number], at, high, results[number]))
        except BaseException as failure:  # handed to the caller's thread below
            failures.append(failure)

    threads = [threading.Thread(target=watch, args=(number,), daemon=True) for number in numbers]
    for thread in threads:
        thread.start()
    with Bar(f"{len(numbers)} backends from zero, {scenario.zero_cycles} times each", ends - time.time()) as bar:
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.5)
            bar.advance(0.5)
    if failures:
        raise failures[0]
    return Zero([each for result in results for each in result.seconds],
                sum((result.meanwhile for result in results), collections.Counter()))


def _until_200(address: str, since: float, seconds: float, into: Zero) -> None:
    """Asks anew every 20 ms, each time by a connection of its own, from a node and through the Service's address."""
    while (now := time.time()) < since + seconds:
        answer = _ask(address)
        if answer == "200":
            into.seconds.append(time.time() - since)
            return
        into.meanwhile[answer] += 1
        time.sleep(max(now + _EVERY - time.time(), 0))
    raise Failure(f"no 200 within {seconds:g} s after the metric rose, but {dict(into.meanwhile)}")


def _ask(address: str) -> str:
    connection = http.client.HTTPConnection(address, 80, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", "/health")
        return str(connection.getresponse().status)
    except ConnectionRefusedError:
        return "connection refused"
    except (TimeoutError, socket.timeout):
        return "no answer in a second"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def _share_the_stores(api: Api, apply) -> None:
    credentials = api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{STORE}-credentials")["data"]
    apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "stores", "namespace": NAMESPACE}, "stringData": {
        "database": base64.b64decode(credentials["database-url"]).decode(),
        "redis": base64.b64decode(credentials["redis-url"]).decode()}})


def _until_at_zero(api: Api, number: int, seconds: float = 240.0) -> None:
    """No pod in the spec, and none left."""
    deadline = time.monotonic() + seconds
    while True:
        thing = api.find(f"{_DEPLOYMENTS}/{zero_name(number)}-api")
        if thing and thing["spec"]["replicas"] == 0 and not thing.get("status", {}).get("replicas"):
            return
        if time.monotonic() > deadline:
            raise Failure(f"{zero_name(number)} was not at zero in time: {thing and thing.get('status')}")
        time.sleep(0.3)


def _address(api: Api, number: int) -> str:
    return api.get(f"/api/v1/namespaces/{NAMESPACE}/services/{zero_name(number)}-api")["spec"]["clusterIP"]


def _node() -> str:
    return lifecycle.nodes()[0].group
