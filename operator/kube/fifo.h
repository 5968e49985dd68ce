// A first-in, first-out list of items that live elsewhere, threaded through their own `before` and
// `after`: entering, leaving from anywhere and taking the first cost no memory and no search.
//
//   struct Item { Item* before = nullptr; Item* after = nullptr; … };
//   Fifo<Item> fifo;
//   fifo.PushBack(item);   fifo.Remove(*fifo.front());
//
// An item is in at most one list and stays where it is in memory while it is in one. Not
// thread-safe.
#pragma once

#include <cstddef>

namespace sb::kube {

template <typename Item>
class Fifo {
 public:
  Item* front() const { return first_; }
  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

  void PushBack(Item& item) {
    item.before = last_;
    item.after = nullptr;
    (last_ ? last_->after : first_) = &item;
    last_ = &item;
    ++size_;
  }

  // `item` must be in this list.
  void Remove(Item& item) {
    (item.before ? item.before->after : first_) = item.after;
    (item.after ? item.after->before : last_) = item.before;
    item.before = item.after = nullptr;
    --size_;
  }

 private:
  Item* first_ = nullptr;
  Item* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sb::kube
