// The bodies of /v1, in and out.
#pragma once

#include "app/http/shape.h"

namespace todo::v1 {

using http::Field;
using http::Shape;

// Enough for a sentence; an index row, and 500 of them in one body, stay small.
inline constexpr std::size_t kLongestTitle = 255;
inline constexpr std::size_t kLongestUsername = 255;
inline constexpr std::size_t kMostInBulk = 500;
inline constexpr std::int64_t kMostInPage = 500;

inline constexpr Field kTaskFields[] = {
    {.name = "id", .type = Field::Type::kInteger},
    {.name = "title"},
    {.name = "completed", .type = Field::Type::kBoolean},
    {.name = "owner_id", .type = Field::Type::kInteger},
    {.name = "version", .type = Field::Type::kInteger, .description = "Goes up with each change."},
    {.name = "created_at", .format = "date-time"},
    {.name = "updated_at", .format = "date-time"}};
inline constexpr Shape kTask = {"Task", kTaskFields};

inline constexpr Field kTaskPageFields[] = {
    {.name = "items", .type = Field::Type::kList, .of = &kTask},
    {.name = "next_cursor",
     .nullable = true,
     .description = "Give it as `cursor` for the next page; null: this is the last one."}};
inline constexpr Shape kTaskPage = {"TaskPage", kTaskPageFields};

inline constexpr Field kTaskListFields[] = {
    {.name = "items", .type = Field::Type::kList, .of = &kTask}};
inline constexpr Shape kTaskList = {"TaskList", kTaskListFields};

inline constexpr Field kNewTaskFields[] = {
    {.name = "title", .min_length = 1, .max_length = kLongestTitle},
    {.name = "completed", .type = Field::Type::kBoolean, .required = false}};
inline constexpr Shape kNewTask = {"NewTask", kNewTaskFields};
enum NewTaskField : std::size_t { kTitle, kCompleted };  // of kTaskChange too

inline constexpr Field kNewTasksFields[] = {{.name = "tasks",
                                             .type = Field::Type::kList,
                                             .min_length = 1,
                                             .max_length = kMostInBulk,
                                             .of = &kNewTask}};
inline constexpr Shape kNewTasks = {"NewTasks", kNewTasksFields,
                                    "All of them are created or none."};

inline constexpr Field kAcceptedJobFields[] = {{.name = "id"}, {.name = "status_url"}};
inline constexpr Shape kAcceptedJob = {"AcceptedJob", kAcceptedJobFields};

inline constexpr Field kTaskChangeFields[] = {
    {.name = "title", .required = false, .min_length = 1, .max_length = kLongestTitle},
    {.name = "completed", .type = Field::Type::kBoolean, .required = false}};
inline constexpr Shape kTaskChange = {"TaskChange", kTaskChangeFields,
                                      "What is left out stays as it is."};

inline constexpr Field kUserFields[] = {
    {.name = "id", .type = Field::Type::kInteger},
    {.name = "username"},
    {.name = "version", .type = Field::Type::kInteger, .description = "Goes up with each change."},
    {.name = "created_at", .format = "date-time"},
    {.name = "updated_at", .format = "date-time"}};
inline constexpr Shape kUser = {"User", kUserFields};

inline constexpr Field kNewUserFields[] = {
    {.name = "username", .min_length = 1, .max_length = kLongestUsername},
    {.name = "password", .min_length = 8, .max_length = 128, .format = "password"}};
inline constexpr Shape kNewUser = {"NewUser", kNewUserFields};

inline constexpr Field kUserChangeFields[] = {
    {.name = "username", .required = false, .min_length = 1, .max_length = kLongestUsername}};
inline constexpr Shape kUserChange = {"UserChange", kUserChangeFields,
                                      "What is left out stays as it is."};

}  // namespace todo::v1
