// Where pods, and what they use, come from for podmetrics::Reader: the watch cache and
// metrics.k8s.io.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/error.h"
#include "operator/kube/client.h"
#include "operator/podmetrics/reader.h"
#include "operator/reconcile/cluster_view.h"

namespace sb::process {

// The pods of a backend's API and workers, by name. No I/O.
std::vector<podmetrics::Pod> PodsOf(const reconcile::ClusterView& view,
                                    const std::string& namespace_name, const std::string& backend);

// What each pod of a workload uses of cpu or memory, by its name. kNotFound: the cluster has no
// metrics.k8s.io.
Expected<std::map<std::string, podmetrics::Usage>> UsageOf(const kube::Client& client,
                                                           const podmetrics::PodQuery& query);

}  // namespace sb::process
