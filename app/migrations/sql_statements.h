// A migration's SQL, looked at without a database: its statements as words, and its directives.
//
//   -- migrate: no-transaction          (one CREATE or DROP INDEX CONCURRENTLY)
//   -- migrate: contract                (takes away what older programs may use; see docs)
//
//   SplitSql("ALTER TABLE a ADD b int; -- x\n DROP TABLE c;")
//       -> {"ALTER", "TABLE", "A", "ADD", "B", "INT"}, {"DROP", "TABLE", "C"}
//
// Words are upper case, "quoted names" and 'texts' keep their case and quotes, signs are words of
// their own, comments are gone. Not a parser: it knows PostgreSQL's lexical rules (chapter 4.1) and
// nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace todo::migrations {

struct SqlStatement {
  std::vector<std::string> words;
  std::string_view text;  // of the SQL, from the first word to the last
};

std::vector<SqlStatement> SplitSql(std::string_view sql);

struct Directives {
  bool no_transaction = false;
  bool contract = false;
  std::string unknown;  // the first that is none of these
};

// Those in the comments before the first statement.
Directives DirectivesOf(std::string_view sql);

}  // namespace todo::migrations
