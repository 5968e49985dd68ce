// Some neighbouring rows of an answer that several share.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/store/rows.h"

namespace todo::store {

class RowRange {
 public:
  RowRange(std::shared_ptr<const Rows> rows, int begin, int end)
      : rows_(std::move(rows)), begin_(begin), end_(end) {}
  explicit RowRange(Rows rows)
      : rows_(std::make_shared<const Rows>(std::move(rows))), begin_(0), end_(rows_->size()) {}

  int size() const { return end_ - begin_; }
  const Rows& rows() const { return *rows_; }
  int begin() const { return begin_; }  // positions in rows()
  int end() const { return end_; }

 private:
  std::shared_ptr<const Rows> rows_;
  int begin_, end_;
};

// Where the rows of each of `lists` lists begin, and where the last ends, if `list_of(row)` (from
// 1) never falls: {0, 2, 2, 5} for lists 1, 1, 3, 3, 3 of three. None if rows are in another order,
// or of a list that there is not.
template <typename ListOf>
std::optional<std::vector<int>> Boundaries(int rows, int lists, const ListOf& list_of) {
  std::vector<int> begins{0};
  begins.reserve(static_cast<std::size_t>(lists) + 1);
  for (int row = 0; row < rows; ++row) {
    const auto list = list_of(row);
    if (list < static_cast<int>(begins.size()) || list > lists) return std::nullopt;
    while (static_cast<int>(begins.size()) < list) begins.push_back(row);
  }
  while (static_cast<int>(begins.size()) <= lists) begins.push_back(rows);
  return begins;
}

}  // namespace todo::store
