#include "app/migrations/sql_statements.h"

#include <algorithm>
#include <cctype>

namespace todo::migrations {
namespace {

bool IsWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Where the piece that starts at `at` ends.
class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  bool StartsWith(std::size_t at, std::string_view what) const {
    return sql_.substr(at).starts_with(what);
  }
  std::size_t LineEnd(std::size_t at) const { return std::min(sql_.find('\n', at), sql_.size()); }
  // Comments nest.
  std::size_t CommentEnd(std::size_t at) const {
    int depth = 0;
    while (at < sql_.size()) {
      if (StartsWith(at, "/*")) {
        ++depth;
        at += 2;
      } else if (StartsWith(at, "*/")) {
        at += 2;
        if (--depth == 0) return at;
      } else {
        ++at;
      }
    }
    return at;
  }
  // 'it''s' and "a""b": a doubled quote reads as an end and a new start, which is as good.
  std::size_t QuoteEnd(std::size_t at) const {
    const std::size_t end = sql_.find(sql_[at], at + 1);
    return end == std::string_view::npos ? sql_.size() : end + 1;
  }
  // $tag$ ... $tag$; `at` itself if it starts none.
  std::size_t DollarEnd(std::size_t at) const {
    std::size_t mark = at + 1;
    while (mark < sql_.size() && sql_[mark] != '$' && IsWord(sql_[mark])) ++mark;
    if (mark >= sql_.size() || sql_[mark] != '$') return at;
    if (std::isdigit(static_cast<unsigned char>(sql_[at + 1])) != 0) return at;
    const std::string_view tag = sql_.substr(at, mark + 1 - at);
    const std::size_t end = sql_.find(tag, mark + 1);
    return end == std::string_view::npos ? sql_.size() : end + tag.size();
  }
  std::size_t WordEnd(std::size_t at) const {
    while (at < sql_.size() && IsWord(sql_[at])) ++at;
    return at;
  }

 private:
  const std::string_view sql_;
};

}  // namespace

std::vector<SqlStatement> SplitSql(std::string_view sql) {
  const Lexer lexer(sql);
  std::vector<SqlStatement> statements;
  SqlStatement statement;
  std::size_t start = 0, last = 0;
  const auto finish = [&] {
    if (statement.words.empty()) return;
    statement.text = sql.substr(start, last - start);
    statements.push_back(std::move(statement));
    statement = {};
  };
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    std::size_t end = at + 1;
    bool fold = true;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      at = end;
      continue;
    }
    if (lexer.StartsWith(at, "--")) {
      at = lexer.LineEnd(at);
      continue;
    }
    if (lexer.StartsWith(at, "/*")) {
      at = lexer.CommentEnd(at);
      continue;
    }
    if (c == ';') {
      finish();
      at = end;
      continue;
    }
    if (c == '\'' || c == '"') {
      end = lexer.QuoteEnd(at);
      fold = false;
    } else if (c == '$' && lexer.DollarEnd(at) != at) {
      end = lexer.DollarEnd(at);
      fold = false;
    } else if (IsWord(c)) {
      end = lexer.WordEnd(at);
    }
    std::string word(sql.substr(at, end - at));
    if (fold) {
      std::transform(word.begin(), word.end(), word.begin(),
                     [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    }
    if (statement.words.empty()) start = at;
    statement.words.push_back(std::move(word));
    last = at = end;
  }
  finish();
  return statements;
}

Directives DirectivesOf(std::string_view sql) {
  constexpr std::string_view kMark = "-- migrate:";
  Directives directives;
  while (!sql.empty()) {
    const std::size_t end = std::min(sql.find('\n'), sql.size());
    std::string_view line = sql.substr(0, end);
    sql.remove_prefix(std::min(end + 1, sql.size()));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.remove_suffix(1);
    }
    if (line.empty()) continue;
    if (!line.starts_with("--")) break;
    if (!line.starts_with(kMark)) continue;
    line.remove_prefix(kMark.size());
    while (line.starts_with(' ')) line.remove_prefix(1);
    if (line == "no-transaction") {
      directives.no_transaction = true;
    } else if (line == "contract") {
      directives.contract = true;
    } else if (directives.unknown.empty()) {
      directives.unknown = line.empty() ? "(empty)" : std::string(line);
    }
  }
  return directives;
}

}  // namespace todo::migrations
