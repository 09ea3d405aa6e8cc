#include "base/rng.h"
#include "imaging/phantom/site_profile.h"
#include "pipelines/coordinate.h"
#include "pipelines/run_results.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/round_trip.h"

namespace consilium::fuzz {
namespace {

void site_profile(const Json& json) {
  const imaging::SiteProfile profile = imaging::parse_site_profile(json, "bytes");
  Rng rng(1);
  imaging::draw_patient(profile, rng);
  for (const imaging::Acquisition& acquisition : imaging::plan_exam(profile, rng)) {
    validate(acquisition.grid);
    expect(voxel_count(acquisition.grid) <= std::size_t{1} << 31, "a profile was accepted whose images no machine can hold");
  }
}

void coordinator(const Json& json) {
  expect_round_trip([](const Json& j) { return pipelines::parse_coordinate_settings(j, "bytes", "/base"); }, json);
}

void results(const Json& json) {
  expect_round_trip([](const Json& j) { return pipelines::parse_run_results(j, "bytes"); }, json);
  pipelines::to_text(pipelines::parse_run_results(json, "bytes"));
}

}  // namespace

void fuzz_settings(std::span<const std::uint8_t> bytes) {
  accepted([&] {
    const Json json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "bytes");
    for (const auto& parser : {site_profile, coordinator, results}) accepted([&] { parser(json); });
  });
}

}  // namespace consilium::fuzz
