// What is wrong with one request's values, collected and written in one of two languages:
// FastAPI's, which the tutorial's clients know,
//   {"detail":[{"type":"missing","loc":["query","title"],"msg":"Field required","input":null}]}
// and below /v1 RFC 9457's, which never repeats what was sent (it may be a password):
//   {"type":"about:blank","title":"Unprocessable Entity","status":422,"detail":"…","errors":
//    [{"in":"body","name":"/tasks/3/title","code":"missing","detail":"Field required"}]}
#pragma once

#include <string>
#include <string_view>

namespace todo::http {

enum class ValuePlace { kPath, kQuery, kHeader, kBody };
enum class Style { kFastApi, kProblem };

// The language of what is at `path` (as sent).
inline Style StyleOf(std::string_view path) {
  return path.starts_with("/v1") && (path.size() == 3 || path[3] == '/' || path[3] == ':')
             ? Style::kProblem
             : Style::kFastApi;
}

struct Parameter;

class Problems {
 public:
  explicit Problems(Style style = Style::kFastApi) : style_(style) {}

  // What follows is about fields of the body; inside element `index` of its list `list`, if that is
  // not "".
  void InBody(std::string_view list = {}, std::size_t index = 0) {
    in_body_ = true;
    list_ = list;
    index_ = index;
  }

  void Missing(const Parameter& parameter);
  void NotAnInteger(const Parameter& parameter, std::string_view input);
  void NotABoolean(const Parameter& parameter, std::string_view input);
  void BelowMinimum(const Parameter& parameter, std::string_view input);
  void AboveMaximum(const Parameter& parameter, std::string_view input);
  void TooShort(const Parameter& parameter, std::string_view input);
  void TooLong(const Parameter& parameter, std::string_view input);
  void HoldsNul(const Parameter& parameter, std::string_view input);
  // Any other: a type in pydantic's words, and what to tell.
  void Add(std::string_view type, const Parameter& parameter, std::string_view message,
           const std::string_view* input, std::string_view context = {});

  Style style() const { return style_; }
  bool empty() const { return details_.empty(); }
  // The body of the 422.
  std::string Body() const;

 private:
  void AddLocation(const Parameter& parameter);

  const Style style_;
  bool in_body_ = false;
  std::string_view list_;
  std::size_t index_ = 0;
  int count_ = 0;
  std::string details_;
};

}  // namespace todo::http
