#include "operator/kube/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cmath>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "operator/kube/utf8_text.h"

namespace sb::kube {
namespace {

struct Refused : std::runtime_error {
  using runtime_error::runtime_error;
};

// YAML 1.2 core schema, for what a kubeconfig's extensions hold.
Json Typed(const std::string& text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const Json number = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (number.is_number_integer()) return number;
  if (number.is_number_float() && std::isfinite(number.get<double>())) return number;
  return text;
}

// Builds JSON from the parser's events instead of from YAML::Node, which takes half a kilobyte for
// each two bytes of "[,,,,". An alias stands for a copy of its anchor's tree, so a few lines can
// describe a tree of any size: budgets count what comes out, not what went in.
class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t anchor) override { Leaf(nullptr, "?", 0, anchor); }
  void OnScalar(const YAML::Mark&, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // A quoted scalar's tag is "!".
    const bool typed = !open_.empty() && open_.back().typed && tag == "?";
    Leaf(typed && !AwaitsKey() ? Typed(text) : Json(text), tag, text.size(), anchor);
  }
  void OnAlias(const YAML::Mark&, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw Refused("an alias stands for what it is part of");
    SpendCopy(known->second.cost);
    Put(known->second.value, "*");
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Json::array(), anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Json::object(), anchor);
  }
  void OnMapEnd() override { Close(); }

  Json Take() { return std::move(root_); }

 private:
  struct Collection {
    Json value;
    bool typed = false;
    YAML::anchor_t anchor = 0;
    std::size_t spent_before = 0;
    std::optional<std::string> key = {};  // the value of which comes next
    bool key_merges = false;
    Json merged = Json::object();  // by "<<"
  };
  struct Anchor {
    Json value;
    std::size_t cost = 0;
  };

  void Spend(std::size_t bytes) {
    spent_ += bytes;
    if (spent_ > kBudget) throw Refused("too large");
  }
  void SpendCopy(std::size_t bytes) {
    copied_ += bytes;
    if (copied_ > kCopyBudget) throw Refused("its aliases stand for more than 1 MiB");
  }

  bool AwaitsKey() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
  }

  void Leaf(Json value, const std::string& tag, std::size_t bytes, YAML::anchor_t anchor) {
    const std::size_t before = spent_ + copied_;
    Spend(kNodeCost + bytes);
    Remember(anchor, value, before);
    Put(std::move(value), tag);
  }

  void Open(Json empty, YAML::anchor_t anchor) {
    if (AwaitsKey()) throw Refused("a key is not a scalar");
    if (open_.size() >= kMaxYamlDepth) throw Refused("nested too deeply");
    const bool typed =
        !open_.empty() && (open_.back().typed || open_.back().key == std::string("extensions"));
    open_.push_back({std::move(empty), typed, anchor, spent_ + copied_});
    Spend(kNodeCost);
  }

  void Close() {
    Collection closed = std::move(open_.back());
    open_.pop_back();
    if (closed.value.is_object()) {  // what is written out wins over what is merged
      closed.value.insert(closed.merged.begin(), closed.merged.end());
    }
    Remember(closed.anchor, closed.value, closed.spent_before);
    Put(std::move(closed.value), "");
  }

  void Remember(YAML::anchor_t anchor, const Json& value, std::size_t spent_before) {
    if (anchor == 0) return;
    const std::size_t cost = spent_ + copied_ - spent_before;
    SpendCopy(cost);
    anchors_[anchor] = {value, cost};
  }

  void Put(Json value, const std::string& tag) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Collection& parent = open_.back();
    if (parent.value.is_array()) {
      parent.value.push_back(std::move(value));
    } else if (!parent.key) {
      if (!value.is_string() && !value.is_null()) throw Refused("a key is not a scalar");
      parent.key = value.is_string() ? value.get<std::string>() : "null";
      parent.key_merges = *parent.key == "<<" && tag == "?";
    } else {
      if (parent.key_merges) {
        Merge(std::move(value), parent.merged);
      } else {
        parent.value[*parent.key] = std::move(value);
      }
      parent.key.reset();
    }
  }

  static void Merge(Json value, Json& merged) {
    if (value.is_object()) value = Json::array({std::move(value)});
    if (!value.is_array()) return;
    for (const Json& one : value) {
      if (one.is_object()) merged.insert(one.begin(), one.end());  // the first wins
    }
  }

  static constexpr std::size_t kNodeCost = 48;  // about what an empty node takes
  static constexpr std::size_t kBudget = 8 * kMaxYamlBytes;
  static constexpr std::size_t kCopyBudget = 1 << 20;

  std::vector<Collection> open_;  // innermost last
  std::map<YAML::anchor_t, Anchor> anchors_;
  std::size_t spent_ = 0;   // on what the text holds
  std::size_t copied_ = 0;  // for anchors and their aliases
  Json root_;
};

// Nothing if it is not JSON, which a YAML parser may still understand.
std::optional<Json> AsJson(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] != '{') return std::nullopt;
  Json document = Json::parse(
      text,
      [](int depth, Json::parse_event_t, Json&) {
        if (depth > kMaxYamlDepth) throw Refused("nested too deeply");
        return true;
      },
      /*allow_exceptions=*/false);
  if (document.is_discarded()) return std::nullopt;
  return document;
}

}  // namespace

Expected<Json> ParseYaml(std::string_view bytes) {
  if (bytes.size() > kMaxYamlBytes) {
    return Fail(ErrorCode::kInvalidArgument, "larger than 4 MiB");
  }
  const auto text = ToUtf8(bytes);
  // yaml-cpp takes text with NULs for UTF-16 or UTF-32 without a mark, and makes anything of it.
  if (!text || text->find('\0') != std::string::npos) {
    return Fail(ErrorCode::kInvalidArgument, "not valid UTF-8 or UTF-16");
  }
  // yaml-cpp throws on what it cannot parse; none of it may leave.
  try {
    if (auto json = AsJson(*text)) return std::move(*json);
    std::istringstream stream(*text);
    Builder builder;
    YAML::Parser(stream).HandleNextDocument(builder);
    return builder.Take();
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInvalidArgument, exception.what());
  }
}

std::string ScalarText(const Json& mapping, const char* key) {
  if (!mapping.is_object()) return "";
  const auto field = mapping.find(key);
  if (field == mapping.end()) return "";
  if (field->is_string()) return field->get<std::string>();
  if (field->is_boolean() || field->is_number()) return field->dump();
  return "";
}

}  // namespace sb::kube
