"""Files that a node's programs read: a mistake in them shows up as a node that never becomes Ready."""

import json
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster import network, node, paths
from cluster.node import Node


class NodeTest(unittest.TestCase):
    def test_addresses_of_nodes_do_not_meet(self) -> None:
        indexes = range(1, network.MAX_NODES + 1)
        for make in (network.node_ip, network.pod_range, network.node_netns):
            self.assertEqual(len({make(index) for index in indexes}), network.MAX_NODES)
        self.assertNotIn(network.CONTROL_IP, {network.node_ip(index) for index in indexes})

    def test_containerd_configuration_is_toml_with_our_socket(self) -> None:
        configuration = tomllib.loads(node.containerd_config(Node(2)))
        self.assertEqual(configuration["grpc"]["address"], str(paths.RUN / "node2" / "containerd.sock"))
        cri = configuration["plugins"]["io.containerd.grpc.v1.cri"]
        self.assertEqual(cri["sandbox_image"], node.PAUSE_IMAGE)
        self.assertTrue(cri["restrict_oom_score_adj"])

    def test_pod_network_is_json_with_the_node_s_range(self) -> None:
        configuration = json.loads(node.cni_config(Node(7)))
        ranges = configuration["plugins"][0]["ipam"]["ranges"]
        self.assertEqual(ranges, [[{"subnet": "10.244.7.0/24"}]])

    def test_everything_mounted_over_is_made_before(self) -> None:
        script = node.init_script(Node(1))
        targets = [line.split()[-1] for line in script.splitlines() if line.startswith("mount --bind")]
        targets += [line.split()[-1] for line in script.splitlines() if line.startswith("mount -t tmpfs")]
        self.assertEqual(sorted(targets), sorted(node.mount_points()))

    def test_the_first_process_is_pause_and_nothing_runs_after_it(self) -> None:
        self.assertTrue(node.init_script(Node(1)).rstrip().splitlines()[-1].startswith("exec "))


if __name__ == "__main__":
    unittest.main()
