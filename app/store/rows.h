// What a query gave back: rows of text as PostgreSQL sent them, so that integers go into JSON
// unparsed.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

struct pg_result;

namespace todo::store {

class Rows {
 public:
  explicit Rows(pg_result* owned);

  int size() const;
  bool empty() const { return size() == 0; }
  // Valid as long as the Rows. NULL is "".
  std::string_view text(int row, int column) const;
  bool boolean(int row, int column) const { return text(row, column) == "t"; }
  // Of an integer column; NULL is 0.
  std::int64_t integer(int row, int column) const;
  bool is_null(int row, int column) const;
  // What the statement did, in PostgreSQL's words: "INSERT 0 3", "COMMIT", "ROLLBACK".
  std::string_view command() const;
  // Rows that an INSERT, UPDATE or DELETE changed.
  std::int64_t affected() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// One row of an answer that several share.
class Row {
 public:
  Row(std::shared_ptr<const Rows> rows, int row) : rows_(std::move(rows)), row_(row) {}

  std::string_view text(int column) const { return rows_->text(row_, column); }
  bool boolean(int column) const { return rows_->boolean(row_, column); }
  std::int64_t integer(int column) const { return rows_->integer(row_, column); }
  bool is_null(int column) const { return rows_->is_null(row_, column); }

 private:
  std::shared_ptr<const Rows> rows_;
  int row_;
};

}  // namespace todo::store
