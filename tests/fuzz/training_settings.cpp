#include "pipelines/training_settings.h"

#include "pipelines/join_federation.h"
#include "pipelines/simulation_settings.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/round_trip.h"

namespace consilium::fuzz {
namespace {

void training(const Json& json) {
  const auto parse = [](const Json& j) { return pipelines::parse_training_settings(j, "bytes"); };
  expect_round_trip(parse, json);
  const pipelines::TrainingSettings settings = parse(json);
  pipelines::window_options(settings);
  std::int64_t next = 0;
  for (std::int64_t round = 0; round < std::min<std::int64_t>(settings.rounds, 100); ++round) {
    const models::StepRange range = pipelines::steps_of_round(settings, round);
    expect(range.first == next && range.count >= 1, "rounds do not follow one another");
    next = range.first + range.count;
  }
}

void simulation(const Json& json) {
  expect_round_trip([](const Json& j) { return pipelines::parse_simulation_settings(j, "bytes"); }, json);
}

void join(const Json& json) {
  expect_round_trip([](const Json& j) { return pipelines::parse_join_settings(j, "bytes", "/base"); }, json);
}

}  // namespace

void fuzz_training_settings(std::span<const std::uint8_t> bytes) {
  accepted([&] {
    const Json json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "bytes");
    for (const auto& parser : {training, simulation, join}) accepted([&] { parser(json); });
  });
}

}  // namespace consilium::fuzz
