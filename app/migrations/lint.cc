#include "app/migrations/lint.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>

#include "app/migrations/sql_statements.h"

namespace todo::migrations {
namespace {

using Words = std::vector<std::string>;

std::string At(const Words& words, std::size_t i) { return i < words.size() ? words[i] : ""; }

bool Has(const Words& words, std::initializer_list<std::string_view> run) {
  return std::search(words.begin(), words.end(), run.begin(), run.end()) != words.end();
}

bool StartsWith(const Words& words, std::initializer_list<std::string_view> run) {
  return words.size() >= run.size() && std::equal(run.begin(), run.end(), words.begin());
}

// The parts of ALTER TABLE between commas that are not inside parentheses.
std::vector<Words> Actions(const Words& words) {
  std::vector<Words> actions(1);
  int depth = 0;
  for (const std::string& word : words) {
    if (word == "(") ++depth;
    if (word == ")") --depth;
    if (word == "," && depth == 0) {
      actions.emplace_back();
    } else {
      actions.back().push_back(word);
    }
  }
  return actions;
}

std::string TableOfCreate(const Words& words) {
  std::size_t i = 1;
  while (At(words, i) == "UNLOGGED") ++i;
  if (At(words, i) != "TABLE") return "";
  ++i;
  if (At(words, i) == "IF") i += 3;  // IF NOT EXISTS
  return At(words, i);
}

std::string TableOfIndex(const Words& words) {
  const auto on = std::find(words.begin(), words.end(), "ON");
  if (on == words.end() || on + 1 == words.end()) return "";
  const auto name = *(on + 1) == "ONLY" ? on + 2 : on + 1;
  return name == words.end() ? "" : *name;
}

class Linter {
 public:
  explicit Linter(const Migration& migration)
      : name_(migration.name),
        directives_(DirectivesOf(migration.sql)),
        statements_(SplitSql(migration.sql)) {}

  std::vector<std::string> Run() {
    if (!directives_.unknown.empty()) {
      Say("unknown directive \"" + directives_.unknown +
          "\"; there are no-transaction and contract");
    }
    if (directives_.no_transaction && statements_.size() != 1) {
      Say("no-transaction needs exactly one statement: what came before a failure would stay");
    }
    for (const SqlStatement& statement : statements_) Look(statement.words);
    return std::move(problems_);
  }

 private:
  void Say(const std::string& what) { problems_.push_back(name_ + ": " + what); }

  void OnlyInContract(const std::string& what) {
    if (directives_.contract) return;
    Say(what +
        " breaks the version that still runs; do it in a later migration marked \"-- migrate: "
        "contract\"");
  }

  void Look(const Words& words) {
    const bool concurrently = Has(words, {"INDEX", "CONCURRENTLY"});
    if (directives_.no_transaction != concurrently) {
      Say(concurrently ? "CONCURRENTLY needs \"-- migrate: no-transaction\""
                       : "no-transaction is for CREATE and DROP INDEX CONCURRENTLY only");
    }
    for (const char* word : {"BEGIN", "COMMIT", "ROLLBACK", "START"}) {
      if (At(words, 0) == word) Say(std::string(word) + ": the program makes the transaction");
    }
    if (StartsWith(words, {"CREATE"})) {
      if (const std::string table = TableOfCreate(words); !table.empty()) made_.insert(table);
    }
    const bool creates_index =
        StartsWith(words, {"CREATE", "INDEX"}) || StartsWith(words, {"CREATE", "UNIQUE", "INDEX"});
    if (creates_index && !concurrently && made_.count(TableOfIndex(words)) == 0) {
      Say("CREATE INDEX on a table that is in use stops its writes; make it CONCURRENTLY, in a "
          "migration of its own marked \"-- migrate: no-transaction\"");
    }
    if (At(words, 0) == "DROP" && At(words, 1) != "INDEX") OnlyInContract("DROP " + At(words, 1));
    if (StartsWith(words, {"DROP", "INDEX"}) && !concurrently) {
      Say("DROP INDEX stops traffic to its table; make it CONCURRENTLY");
    }
    if (At(words, 0) == "TRUNCATE") OnlyInContract("TRUNCATE");
    if (At(words, 0) != "ALTER") return;
    if (Has(words, {"RENAME"})) OnlyInContract("RENAME");
    if (At(words, 1) == "TABLE" && made_.count(TableOfAlter(words)) == 0) {
      for (const Words& action : Actions(words)) LookAtAction(action);
    }
  }

  static std::string TableOfAlter(const Words& words) {
    std::size_t i = 2;
    if (At(words, i) == "IF") i += 2;  // IF EXISTS
    if (At(words, i) == "ONLY") ++i;
    return At(words, i);
  }

  void LookAtAction(const Words& action) {
    if (Has(action, {"DROP"}) && !Has(action, {"DROP", "NOT", "NULL"})) {
      OnlyInContract("DROP of a column, constraint or default");
    }
    if (Has(action, {"SET", "NOT", "NULL"})) OnlyInContract("SET NOT NULL");
    const bool alters_type = Has(action, {"ALTER"}) && Has(action, {"TYPE"});
    if (alters_type) OnlyInContract("another type");
    if (!Has(action, {"ADD"})) return;
    const bool constraint = Has(action, {"CONSTRAINT"}) || Has(action, {"ADD", "CHECK"}) ||
                            Has(action, {"ADD", "FOREIGN"}) || Has(action, {"ADD", "UNIQUE"}) ||
                            Has(action, {"ADD", "PRIMARY"});
    if (constraint) {
      if (!Has(action, {"NOT", "VALID"}) && !Has(action, {"USING", "INDEX"})) {
        Say("a constraint on a table that is in use is checked under a lock; add it NOT VALID (or "
            "UNIQUE USING INDEX), and VALIDATE CONSTRAINT in the next migration");
      }
      return;
    }
    const bool filled = Has(action, {"DEFAULT"}) || Has(action, {"GENERATED"});
    if (Has(action, {"NOT", "NULL"}) && !filled) {
      OnlyInContract("a NOT NULL column without DEFAULT");
    }
  }

  const std::string name_;
  const Directives directives_;
  const std::vector<SqlStatement> statements_;
  std::set<std::string> made_;  // tables that this migration creates: nobody uses them yet
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> Lint(const Migration& migration) { return Linter(migration).Run(); }

}  // namespace todo::migrations
