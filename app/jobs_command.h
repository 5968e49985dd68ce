// `todo jobs list|show|retry|drop`: what to do about jobs that were given up.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace todo {

struct JobsCommand {
  enum class Action { kList, kShow, kRetry, kDrop };
  Action action = Action::kList;
  std::vector<std::string> ids;
  bool all = false;
  bool json = false;
  bool yes = false;  // drop --all without it only says what it would do
};

// Exit code: 0 done; 1 a store is away, or one of the ids is no dead job; 2 wrong use.
int RunJobsCommand(const Settings& settings, const JobsCommand& command);

}  // namespace todo
