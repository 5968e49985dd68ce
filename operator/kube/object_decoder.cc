#include "operator/kube/object_decoder.h"

#include <simdjson.h>

#include <utility>

#include "operator/kube/client.h"
#include "operator/kube/object_format.h"
#include "operator/kube/vocabulary.h"

namespace sb::kube {
namespace {

namespace dom = simdjson::dom;
using Action = Projection::Action;

constexpr std::size_t kMaxDocument = 64 << 20;
constexpr std::size_t kKeepCapacity = 256 << 10;  // a larger document's buffers are given back

std::string_view StringIn(const dom::object& object, std::string_view name) {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS) return {};
  return text;
}

// Writes one object. Reused from object to object, so that its buffer and its words stay warm.
class Encoder {
 public:
  Encoder(const Resource& resource, const Projection& projection)
      : projection_(projection), api_version_(resource.ApiVersion()), kind_(resource.kind) {
    // Values that objects of every kind repeat; keys come by themselves.
    for (std::string_view value : {std::string_view(api_version_),
                                   std::string_view(kind_),
                                   std::string_view("True"),
                                   std::string_view("False"),
                                   std::string_view("Unknown"),
                                   std::string_view("Running"),
                                   std::string_view("Pending"),
                                   std::string_view("TCP"),
                                   std::string_view("HTTP"),
                                   std::string_view("Always"),
                                   std::string_view("IfNotPresent"),
                                   std::string_view("ClusterFirst"),
                                   std::string_view("default"),
                                   std::string_view("default-scheduler"),
                                   std::string_view("File"),
                                   std::string_view("/dev/termination-log"),
                                   std::string_view("Initialized"),
                                   std::string_view("Ready"),
                                   std::string_view("ContainersReady"),
                                   std::string_view("PodScheduled"),
                                   std::string_view("PodReadyToStartContainers"),
                                   std::string_view("Exists"),
                                   std::string_view("NoExecute"),
                                   std::string_view("Burstable"),
                                   std::string_view("BestEffort"),
                                   std::string_view("ALL"),
                                   std::string_view("RuntimeDefault"),
                                   std::string_view("-")}) {
      words_.Intern(value);
    }
  }

  ObjectPtr Encode(const dom::object& object) {
    body_.clear();
    identity_ = {};
    const std::size_t start = Open();
    Name("apiVersion");
    String(api_version_);
    Name("kind");
    String(kind_);
    std::size_t count = 2;
    for (const auto& [name, value] : object) {
      if (name == "apiVersion" || name == "kind") continue;
      const Rule rule = RuleOf(name, Projection::kRoot, projection_.RootAction());
      if (!IsWanted(rule, value)) continue;
      ++count;
      Name(name);
      if (name == "metadata" && value.is_object()) {
        Metadata(value.get_object().value_unsafe(), rule);
      } else {
        Any(value, rule);
      }
    }
    Close(start, format::kObject, count);
    return Object::Make(body_, identity_);
  }

 private:
  // What is to be done with a value, and the rules for what is inside it.
  struct Rule {
    Projection::Node node;
    Action action;
  };

  Rule RuleOf(std::string_view name, Projection::Node node, Action inherited) const {
    if (node == Projection::kNoNode) return {node, inherited};
    const Projection::Node below = projection_.Below(node, name);
    if (below == Projection::kNoNode) return {below, inherited};
    return {below, projection_.ActionAt(below, inherited)};
  }

  bool IsWanted(const Rule& rule, const dom::element& value) const {
    if (rule.action != Action::kDrop) return true;
    return rule.node != Projection::kNoNode && projection_.KeepsBelow(rule.node) &&
           (value.is_object() || value.is_array());
  }

  // A container is written after its content is known: Close puts its head before the content.
  std::size_t Open() const { return body_.size(); }
  void Close(std::size_t start, format::Tag tag, std::size_t count) {
    head_.clear();
    format::WriteTag(head_, tag, count);
    format::WriteVarint(head_, body_.size() - start);
    body_.insert(start, head_);
    Shift(identity_.namespace_, start);
    Shift(identity_.name, start);
    Shift(identity_.uid, start);
    Shift(identity_.resource_version, start);
  }
  void Shift(Object::Slice& slice, std::size_t start) const {
    if (slice.length > 0 && slice.offset >= start) {
      slice.offset += static_cast<std::uint32_t>(head_.size());
    }
  }

  void Name(std::string_view name) {
    const Word word = words_.Intern(name);
    if (word != kNoWord) {
      format::WriteVarint(body_, word + 1);
      return;
    }
    body_ += '\0';
    format::WriteVarint(body_, name.size());
    body_ += name;
  }

  void Text(std::string_view text) {
    format::WriteTag(body_, format::kText, text.size());
    body_ += text;
  }

  void String(std::string_view text) {
    constexpr std::size_t kLongestWordValue = 32;
    const Word word = text.size() <= kLongestWordValue ? words_.Find(text) : kNoWord;
    if (word == kNoWord) return Text(text);
    format::WriteTag(body_, format::kWord, word);
  }

  // The strings that identify the object are always stored in place.
  void Metadata(const dom::object& metadata, const Rule& rule) {
    const std::size_t start = Open();
    std::size_t count = 0;
    for (const auto& [name, value] : metadata) {
      const Rule below = RuleOf(name, rule.node, rule.action);
      if (!IsWanted(below, value)) continue;
      ++count;
      Name(name);
      Object::Slice* slice = name == "namespace"         ? &identity_.namespace_
                             : name == "name"            ? &identity_.name
                             : name == "uid"             ? &identity_.uid
                             : name == "resourceVersion" ? &identity_.resource_version
                                                         : nullptr;
      std::string_view text;
      if (!slice || value.get(text) != simdjson::SUCCESS) {
        Any(value, below);
        continue;
      }
      Text(text);
      slice->offset = static_cast<std::uint32_t>(body_.size() - text.size());
      slice->length = static_cast<std::uint32_t>(text.size());
    }
    Close(start, format::kObject, count);
  }

  void Any(const dom::element& value, const Rule& rule) {
    switch (value.type()) {
      case dom::element_type::OBJECT:
        return Members(value.get_object().value_unsafe(), rule);
      case dom::element_type::ARRAY:
        return Elements(value.get_array().value_unsafe(), rule);
      case dom::element_type::NULL_VALUE:
        return format::WriteTag(body_, format::kConstant, 0);
      default:
        break;
    }
    if (rule.action == Action::kRedact) {
      const bool empty = value.is_string() && value.get_string().value_unsafe().empty();
      return String(empty ? "" : "-");
    }
    Scalar(value);
  }

  void Scalar(const dom::element& value) {
    switch (value.type()) {
      case dom::element_type::STRING:
        return String(value.get_string().value_unsafe());
      case dom::element_type::BOOL:
        return format::WriteTag(body_, format::kConstant, value.get_bool().value_unsafe() ? 2 : 1);
      case dom::element_type::UINT64:
        return format::WriteTag(body_, format::kPositive, value.get_uint64().value_unsafe());
      case dom::element_type::INT64: {
        const std::int64_t number = value.get_int64().value_unsafe();
        if (number >= 0) {
          return format::WriteTag(body_, format::kPositive, static_cast<std::uint64_t>(number));
        }
        return format::WriteTag(body_, format::kNegative, static_cast<std::uint64_t>(-1 - number));
      }
      case dom::element_type::DOUBLE: {
        const double number = value.get_double().value_unsafe();
        format::WriteTag(body_, format::kDouble, 0);
        body_.append(reinterpret_cast<const char*>(&number), sizeof number);
        return;
      }
      default:
        return;  // structured values do not come here
    }
  }

  void Members(const dom::object& object, const Rule& rule) {
    const std::size_t start = Open();
    std::size_t count = 0;
    for (const auto& [name, value] : object) {
      const Rule below = RuleOf(name, rule.node, rule.action);
      if (!IsWanted(below, value)) continue;
      ++count;
      Name(name);
      Any(value, below);
    }
    Close(start, format::kObject, count);
  }

  void Elements(const dom::array& array, const Rule& rule) {
    Rule below = rule;
    if (rule.node != Projection::kNoNode) {
      below.node = projection_.BelowAny(rule.node);
      if (below.node != Projection::kNoNode) {
        below.action = projection_.ActionAt(below.node, rule.action);
      }
    }
    const std::size_t start = Open();
    std::size_t count = 0;
    for (const dom::element value : array) {
      if (!IsWanted(below, value)) continue;
      ++count;
      Any(value, below);
    }
    Close(start, format::kArray, count);
  }

  const Projection projection_;
  const std::string api_version_;
  const std::string kind_;
  WordCache words_;
  std::string body_;
  std::string head_;
  Object::Identity identity_;
};

ObjectDecoder::Identity IdentityOf(const dom::object& object) {
  dom::object metadata;
  if (object["metadata"].get(metadata) != simdjson::SUCCESS) return {};
  ObjectDecoder::Identity identity;
  for (const auto& [name, value] : metadata) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) continue;
    if (name == "namespace") {
      identity.namespace_ = text;
    } else if (name == "name") {
      identity.name = text;
    } else if (name == "uid") {
      identity.uid = text;
    } else if (name == "resourceVersion") {
      identity.resource_version = text;
    }
  }
  return identity;
}

std::optional<EventType> TypeOf(std::string_view type) {
  if (type == "ADDED") return EventType::kAdded;
  if (type == "MODIFIED") return EventType::kModified;
  if (type == "DELETED") return EventType::kDeleted;
  if (type == "BOOKMARK") return EventType::kBookmark;
  return std::nullopt;
}

bool EndsInitialEvents(const dom::object& bookmark) {
  std::string_view said;
  return bookmark["metadata"]["annotations"]["k8s.io/initial-events-end"].get(said) ==
             simdjson::SUCCESS &&
         said == "true";
}

}  // namespace

struct ObjectDecoder::Implementation {
  Implementation(Resource kind, const Projection& projection)
      : resource(std::move(kind)), encoder(resource, projection) {}

  // The document as an object. Numbers that fit no machine type (the API server sends none) take
  // the slow way and become doubles.
  bool Parse(std::string_view json, dom::object& object) {
    if (parser->capacity() > kKeepCapacity && json.size() < kKeepCapacity) {
      parser = std::make_unique<dom::parser>(kMaxDocument);
    }
    auto error = parser->parse(json.data(), json.size()).get(object);
    if (error == simdjson::NUMBER_ERROR) {
      const Json slow = Json::parse(json, nullptr, false);
      if (slow.is_discarded()) return false;
      const std::string again = slow.dump(-1, ' ', false, Json::error_handler_t::replace);
      error = parser->parse(again).get(object);
    }
    return error == simdjson::SUCCESS;
  }

  const Resource resource;
  std::unique_ptr<dom::parser> parser = std::make_unique<dom::parser>(kMaxDocument);
  Encoder encoder;
  dom::object parsed;
};

ObjectDecoder::ObjectDecoder(Resource resource, Projection projection)
    : impl_(std::make_unique<Implementation>(std::move(resource), projection)) {}
ObjectDecoder::~ObjectDecoder() = default;

Expected<ObjectDecoder::Identity> ObjectDecoder::ParseObject(std::string_view json) {
  if (!impl_->Parse(json, impl_->parsed)) {
    return Fail(ErrorCode::kInternal, impl_->resource.plural + ": an item is not a JSON object");
  }
  const Identity identity = IdentityOf(impl_->parsed);
  if (identity.name.empty()) {
    return Fail(ErrorCode::kInternal, impl_->resource.plural + ": an item has no name");
  }
  return identity;
}

Expected<std::optional<ObjectDecoder::Event>> ObjectDecoder::ParseEvent(std::string_view line) {
  dom::object event;
  if (!impl_->Parse(line, event)) {
    return Fail(ErrorCode::kUnavailable, "a line of the watch is not a JSON object");
  }
  const std::string_view type = StringIn(event, "type");
  const auto object = event["object"];
  const bool usable = object.get(impl_->parsed) == simdjson::SUCCESS;
  if (type == "ERROR") {
    const Json status =
        usable ? Json::parse(std::string(simdjson::minify(impl_->parsed)), nullptr, false)
               : Json::object();
    return tl::unexpected(ErrorFromStatus(status, 500, "watch event"));
  }
  const auto known = TypeOf(type);
  if (!known || !usable) return std::nullopt;
  if (*known != EventType::kBookmark) {
    // Of another kind, which only a server or a proxy gone wrong would send.
    const std::string_view kind = StringIn(impl_->parsed, "kind");
    if (!kind.empty() && kind != impl_->resource.kind && kind != "PartialObjectMetadata") {
      return std::nullopt;
    }
  }
  Event decoded{*known, IdentityOf(impl_->parsed)};
  if (*known == EventType::kBookmark) {
    decoded.initial_events_end = EndsInitialEvents(impl_->parsed);
  } else if (decoded.identity.name.empty()) {
    return std::nullopt;  // a Table or a Status: not an object of the kind we watch
  }
  return decoded;
}

ObjectPtr ObjectDecoder::Build() { return impl_->encoder.Encode(impl_->parsed); }

ObjectPtr Freeze(const Json& object, const Resource& resource, const Projection& projection) {
  ObjectDecoder decoder(resource, projection);
  const std::string text = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  return decoder.ParseObject(text) ? decoder.Build() : nullptr;
}

}  // namespace sb::kube
