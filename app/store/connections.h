// How many connections to the database a thread has.
#pragma once

namespace todo::store {

// One is always there, for reads.
struct Connections {
  bool own_writes = true;  // false: writes share the connection of the reads
  int transactions = 1;    // at most; 0: Begin is always refused

  int pipelined() const { return own_writes ? 2 : 1; }
  int total() const { return pipelined() + transactions; }
};

}  // namespace todo::store
