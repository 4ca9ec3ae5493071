// Everything together: one world, two APIs on it, and the record of what truly happened.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/event_log.h"
#include "simulator/faults.h"
#include "simulator/http.h"
#include "simulator/journal.h"
#include "simulator/okta_api.h"
#include "simulator/servicenow_api.h"
#include "simulator/tasks.h"
#include "simulator/world.h"

namespace simulator {

struct Simulator {
  explicit Simulator(WorldOptions options)
      : world(std::move(options)),
        factory(world, world.options.seed * 7919 + 17),
        random(world.options.seed * 104729 + 3),
        okta(world, log, faults, journal),
        servicenow(world, faults, journal) {}

  World world;
  EventLog log;
  std::vector<TaskRecord> tasks;
  TaskFactory factory;
  Random random;
  Faults faults;
  Journal journal;
  OktaApi okta;
  ServiceNowApi servicenow;

  // The user's mark in Okta follows the task: ERROR while a task is open, SYNCHRONIZED after a success.
  void remember(const TaskRecord& task);
  // Writes the task's events now; nothing when no text of the reason fits the operation.
  std::optional<TaskRecord> push(const TaskPlan& plan);
  // A user whose names are the derived ones, so that no failure text is cut into nonsense.
  UserIndex any_user();
};

}  // namespace simulator
