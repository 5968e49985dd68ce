#include "operator/metrics_api/documents.h"

#include <algorithm>
#include <cmath>

namespace sb::metrics_api {
namespace {

// metav1.StatusReason
const char* Reason(int status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 405:
      return "MethodNotAllowed";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    default:
      return "InternalError";
  }
}

}  // namespace

Json ApiGroup() {
  const Json version = {{"groupVersion", kGroupVersion}, {"version", kVersion}};
  return {{"kind", "APIGroup"},
          {"apiVersion", "v1"},
          {"name", kGroup},
          {"versions", Json::array({version})},
          {"preferredVersion", version}};
}

Json ApiGroupList() {
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", Json::array({ApiGroup()})}};
}

Json ApiResourceList() {
  const Json resource = {{"name", "externalmetrics"},
                         {"singularName", ""},
                         {"namespaced", true},
                         {"kind", "ExternalMetricValueList"},
                         {"verbs", Json::array({"get"})}};
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", kGroupVersion},
          {"resources", Json::array({resource})}};
}

Json MetricValueList(std::string_view metric, double value, WallTime at) {
  const Json item = {{"metricName", metric},
                     {"metricLabels", Json::object()},
                     {"timestamp", FormatTime(at)},
                     {"value", QuantityText(value)}};
  return {{"kind", "ExternalMetricValueList"},
          {"apiVersion", kGroupVersion},
          {"metadata", Json::object()},
          {"items", Json::array({item})}};
}

std::string QuantityText(double value) {
  long long milli = std::llround(value * 1000);
  if (value > 0) milli = std::max(milli, 1LL);
  return milli % 1000 == 0 ? std::to_string(milli / 1000) : std::to_string(milli) + "m";
}

Json StatusDocument(int status, std::string_view message) {
  return {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", Json::object()},
          {"status", "Failure"}, {"message", message}, {"reason", Reason(status)},
          {"code", status}};
}

int HttpStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kTooManyRequests:
      return 429;
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return 503;
    default:
      return 500;
  }
}

}  // namespace sb::metrics_api
