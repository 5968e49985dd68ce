#include "app/http/router.h"

namespace todo::http {
namespace {

std::vector<PathTable::Entry> EntriesOf(const std::vector<Route>& routes) {
  std::vector<PathTable::Entry> entries;
  for (const Route& route : routes) entries.push_back({route.method, route.pattern});
  return entries;
}

}  // namespace

Router::Router(std::vector<Route> routes)
    : routes_(std::move(routes)), paths_(EntriesOf(routes_)) {}

}  // namespace todo::http
