#pragma once

#include "fl/event.h"
#include "fl/observer.h"

namespace consilium::fl::test {

/// An event that holds all that its schema allows.
inline Event example_of(const EventSchema& schema) {
  Event event{.time = 1795660705.25, .kind = schema.kind, .run = "run", .round = schema.has_round ? 2 : -1, .site = schema.has_site ? "east" : ""};
  double value = 1;
  for (const auto* names : {&schema.numbers, &schema.optional})
    for (const std::string_view name : *names) event.numbers[std::string(name)] = value += 1.5;
  for (const std::string_view name : schema.words) event.words[std::string(name)] = "north,west";
  return event;
}

/// A clock that the test turns.
struct HandClock {
  double time = 1795660000;
  std::function<double()> reader() {
    return [this] { return time; };
  }
};

}  // namespace consilium::fl::test
